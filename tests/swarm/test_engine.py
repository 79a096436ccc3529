"""The search engine finds torrents in a network of libtorrent peers, trackers and a DHT.

Settings are the default ones but for the bootstrap node: in the namespace every public address is this machine.
"""

import queue
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from swarm import FoundMetadata, SearchEngine, SearchOutcome, SearchRequest
from tests.servers.libtorrent_peers import Content, Peer
from tests.servers.recording_trackers import Tracker, http_tracker, udp_tracker
from tests.swarm.searching import config, find, info_dictionary_of, is_same_torrent, wait_for
from tests.swarm.seeded_network import SEEDER, UNKNOWN_INFOHASH, SeededNetwork

REQUESTS = (
    "v1",
    "hybrid by v1",
    "hybrid by v2",
    "hybrid by both",
    "v2",
    "v2 truncated",
    "hybrid by v2 truncated",
)


def request_for(
    network: SeededNetwork, what: str, **more: tuple[object, ...]
) -> tuple[SearchRequest, Content]:
    hybrid = network.hybrid
    hashes: dict[str, tuple[Content, bytes | None, bytes | None]] = {
        "v1": (network.v1, network.v1.v1, None),
        "hybrid by v1": (hybrid, hybrid.v1, None),
        "hybrid by v2": (hybrid, None, hybrid.v2),
        "hybrid by both": (hybrid, hybrid.v1, hybrid.v2),
        "v2": (network.v2, None, network.v2.v2),
        "v2 truncated": (network.v2, network.v2.v2[:20], None),
        "hybrid by v2 truncated": (hybrid, hybrid.v2[:20], None),
    }
    original, v1, v2 = hashes[what]
    return SearchRequest(v1, v2, **more), original  # type: ignore[arg-type]


@pytest.mark.parametrize("what", REQUESTS)
def test_a_torrent_is_found_at_a_peer_that_the_request_names(network: SeededNetwork, what: str) -> None:
    engine = SearchEngine(config(bootstrap=False))
    request, original = request_for(network, what, peers=(SEEDER,))
    assert is_same_torrent(find(engine, request), original)
    engine.close()


@pytest.mark.parametrize("what", REQUESTS)
def test_a_torrent_is_found_in_the_dht(network: SeededNetwork, engine: SearchEngine, what: str) -> None:
    request, original = request_for(network, what)
    assert is_same_torrent(find(engine, request), original)


@pytest.mark.parametrize("tracker", [http_tracker, udp_tracker])
@pytest.mark.parametrize("what", ["v1", "hybrid by v1", "v2"])
def test_a_torrent_is_found_by_a_tracker_that_the_request_names(
    network: SeededNetwork, what: str, tracker: Callable[..., AbstractContextManager[Tracker]]
) -> None:
    engine = SearchEngine(config(bootstrap=False))
    request, original = request_for(network, what)
    (target,) = request.targets
    with tracker(("81.1.0.1", 6969), {target: [SEEDER]}) as recorder:
        assert is_same_torrent(find(engine, replace(request, trackers=(recorder.url,))), original)
    engine.close()


def test_a_tracker_of_the_configuration_is_asked_when_nothing_else_helps(network: SeededNetwork) -> None:
    with udp_tracker(("81.1.0.1", 6969), {network.v1.v1: [SEEDER]}) as recorder:
        engine = SearchEngine(config(trackers=(recorder.url,), bootstrap=False))
        assert is_same_torrent(find(engine, SearchRequest(network.v1.v1)), network.v1)
        engine.close()


def test_a_torrent_is_found_on_loopback_where_private_addresses_are_allowed(network: SeededNetwork) -> None:
    seeder = Peer(("127.1.0.1", 6881))
    seeder.seed(network.v1)
    with http_tracker(("127.0.0.1", 7070), {network.v1.v1: [seeder.address]}) as tracker:
        engine = SearchEngine(
            replace(config(bootstrap=False, address=("127.2.0.1", 6881)), allow_private=True)
        )
        assert is_same_torrent(
            find(engine, SearchRequest(network.v1.v1, trackers=(tracker.url,))), network.v1
        )
        engine.close()


def test_a_torrent_without_peers_is_answered_with_none_when_its_time_is_over(engine: SearchEngine) -> None:
    began = time.monotonic()
    assert find(engine, SearchRequest(UNKNOWN_INFOHASH), seconds=1) is None
    assert 1 <= time.monotonic() - began < 30


def test_requests_that_expire_before_they_start_are_answered_with_none(engine: SearchEngine) -> None:
    answers: queue.Queue[SearchOutcome] = queue.Queue()
    for number in range(100):
        engine.search(SearchRequest(bytes([number]) * 20), 0, answers.put)
    assert [answers.get(timeout=30) for _ in range(100)] == [None] * 100


def test_searches_without_peers_do_not_keep_others_from_starting(engine: SearchEngine) -> None:
    answers: queue.Queue[SearchOutcome] = queue.Queue()
    for number in range(100):
        engine.search(SearchRequest(bytes([number]) * 20), 10, answers.put)
    wait_for(lambda: engine.statistics()["searches"] >= 100)
    assert [answers.get(timeout=30) for _ in range(100)] == [None] * 100


def test_equal_requests_share_one_search_and_each_is_answered_at_its_own_time(engine: SearchEngine) -> None:
    answers: queue.Queue[tuple[str, SearchOutcome]] = queue.Queue()
    engine.search(SearchRequest(UNKNOWN_INFOHASH), 6, lambda found: answers.put(("later", found)))
    for _ in range(3):
        engine.search(SearchRequest(UNKNOWN_INFOHASH), 1, lambda found: answers.put(("soon", found)))
    wait_for(lambda: engine.statistics()["searches"] == 1)
    assert [answers.get(timeout=30) for _ in range(4)] == [("soon", None)] * 3 + [("later", None)]
    assert engine.statistics()["searches"] == 0
    assert answers.empty()


def test_a_peer_that_is_added_during_a_search_is_asked(network: SeededNetwork) -> None:
    engine = SearchEngine(config(bootstrap=False))
    answers: queue.Queue[SearchOutcome] = queue.Queue()
    engine.search(SearchRequest(network.v1.v1), 60, answers.put)
    engine.add_peers(SearchRequest(network.v1.v1, peers=(SEEDER,)))
    assert is_same_torrent(answers.get(timeout=90), network.v1)
    engine.close()


def test_a_peer_that_is_added_while_the_request_is_queued_is_asked(network: SeededNetwork) -> None:
    engine = SearchEngine(config(bootstrap=False))
    answers: queue.Queue[SearchOutcome] = queue.Queue()
    for number in range(100):  # more than start at a time
        engine.search(SearchRequest(bytes([number]) * 20), 60, lambda _: None)
    engine.search(SearchRequest(network.v1.v1), 60, answers.put)
    engine.add_peers(SearchRequest(network.v1.v1, peers=(SEEDER,)))
    assert is_same_torrent(answers.get(timeout=90), network.v1)
    engine.close()


def test_adding_peers_starts_no_search_and_prolongs_none(engine: SearchEngine) -> None:
    answers: queue.Queue[SearchOutcome] = queue.Queue()
    engine.add_peers(SearchRequest(bytes(20), peers=(SEEDER,)))
    engine.search(SearchRequest(UNKNOWN_INFOHASH), 1, answers.put)
    for port in range(1, 20):
        engine.add_peers(SearchRequest(UNKNOWN_INFOHASH, peers=((SEEDER[0], port),)))
    assert answers.get(timeout=30) is None
    assert engine.statistics()["searches"] == 0


def test_a_hybrid_torrent_requested_by_each_of_its_hashes_at_once_is_found_for_each(
    network: SeededNetwork, engine: SearchEngine
) -> None:
    answers: queue.Queue[SearchOutcome] = queue.Queue()
    for request in (
        SearchRequest(network.hybrid.v1),
        SearchRequest(v2=network.hybrid.v2),
        SearchRequest(network.hybrid.v2[:20]),
    ):
        engine.search(replace(request, peers=(SEEDER,)), 60, answers.put)
    assert all(is_same_torrent(answers.get(timeout=90), network.hybrid) for _ in range(3))


def test_a_request_with_hashes_of_two_torrents_finds_nothing(
    network: SeededNetwork, engine: SearchEngine
) -> None:
    assert find(engine, SearchRequest(network.v1.v1, network.v2.v2, peers=(SEEDER,)), seconds=5) is None


def test_a_request_with_hashes_of_two_torrents_does_not_hinder_others(
    network: SeededNetwork, engine: SearchEngine
) -> None:
    answers: queue.Queue[SearchOutcome] = queue.Queue()
    engine.search(SearchRequest(network.v1.v1, network.v2.v2, peers=(SEEDER,)), 5, lambda _: None)
    engine.search(SearchRequest(network.v1.v1), 60, answers.put)
    engine.search(SearchRequest(v2=network.v2.v2), 60, answers.put)
    found = [answers.get(timeout=90), answers.get(timeout=90)]
    infos = {one.info for one in found if isinstance(one, FoundMetadata)}
    assert infos == {info_dictionary_of(network.v1), info_dictionary_of(network.v2)}


def test_requests_made_while_the_engine_closes_are_answered_or_refused(network: SeededNetwork) -> None:
    answers: queue.Queue[SearchOutcome] = queue.Queue()
    engine = SearchEngine(config())
    requests, has_begun = 0, threading.Event()

    def close() -> None:
        has_begun.wait(60)
        engine.close()

    closing = threading.Thread(target=close)
    closing.start()
    with pytest.raises(RuntimeError):
        while True:
            engine.search(SearchRequest(UNKNOWN_INFOHASH), 600, answers.put)
            requests += 1
            has_begun.set()
    closing.join()
    assert answers.qsize() == requests


def test_a_request_that_cannot_be_searched_for_is_answered_in_time(engine: SearchEngine) -> None:
    not_utf8 = "http://\ud800.example/announce"
    assert find(engine, SearchRequest(UNKNOWN_INFOHASH, trackers=(not_utf8,)), seconds=0.5) is None


def test_pending_requests_are_answered_when_the_engine_closes(network: SeededNetwork) -> None:
    answers: queue.Queue[SearchOutcome] = queue.Queue()
    engine = SearchEngine(config())
    for number in range(100):  # more than start at a time
        engine.search(SearchRequest(bytes([number]) * 20), 600, answers.put)
    engine.close()
    assert [answers.get_nowait() for _ in range(100)] == [None] * 100
    with pytest.raises(RuntimeError):
        engine.search(SearchRequest(UNKNOWN_INFOHASH), 1, answers.put)


def test_a_callback_that_raises_harms_no_other_request(
    network: SeededNetwork, engine: SearchEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.search(SearchRequest(UNKNOWN_INFOHASH), 0.1, lambda _: 1 / 0)
    assert find(engine, SearchRequest(UNKNOWN_INFOHASH), seconds=0.5) is None
    assert "ZeroDivisionError" in caplog.text
