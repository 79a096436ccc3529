"""Finding torrents in a BitTorrent network of libtorrent peers, trackers and a DHT, on an Internet of our own.

Settings are those of every day but for the bootstrap node: here every public address is this machine.
"""

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import bencodepy
import pytest

from swarm import Config, FoundMetadata, SearchEngine, SearchRequest, build_torrent
from swarm.address_filter import RESERVED, is_public
from tests.servers.libtorrent_peers import ROUTER, Address, Content, Peer, create_content, start_dht
from tests.servers.network_namespace import network_namespace
from tests.servers.recording_trackers import Tracker, http_tracker, udp_tracker

SEEDER: Address = ("44.1.0.1", 6881)
RESOLVER: Address = ("70.1.0.1", 6881)
NOWHERE = b"\x5a" * 20
_FROM_TO = ["started", "stopped"]


class Swarm(NamedTuple):
    v1: Content
    hybrid: Content
    v2: Content
    nodes: list[Peer]
    seeder: Peer


@pytest.fixture(scope="module")
def swarm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swarm]:
    folder = tmp_path_factory.mktemp("content")
    with network_namespace():
        nodes = start_dht()
        seeder = Peer(SEEDER, [node.address for node in nodes[1:]])
        v1, hybrid, v2 = [create_content(folder, kind, kind) for kind in ("v1", "hybrid", "v2")]
        for each in (v1, hybrid, v2):
            seeder.seed(each)
        for _ in range(6):  # by itself libtorrent may take half a minute; at first it knows no node
            for target in (v1.v1, hybrid.v1, hybrid.v2[:20], v2.v2[:20]):
                seeder.announce(target)
            time.sleep(0.5)
        yield Swarm(v1, hybrid, v2, nodes, seeder)


@pytest.fixture(scope="module")
def everyday(swarm: Swarm) -> Iterator[SearchEngine]:
    """One session for the tests that need no other."""
    session = SearchEngine(config(address=RESOLVER))
    yield session
    session.close()


def config(
    state: Path | None = None,
    trackers: tuple[str, ...] = (),
    bootstrap: bool = True,
    address: Address = ("70.2.0.1", 6881),
) -> Config:
    return Config(
        listen="{}:{}".format(*address),
        bootstrap=("{}:{}".format(*ROUTER),) if bootstrap else (),
        trackers=trackers,
        state=state,
    )


def find(session: SearchEngine, wish: SearchRequest, seconds: float = 60) -> FoundMetadata | None:
    answers: queue.Queue[FoundMetadata | None] = queue.Queue()
    session.search(wish, seconds, answers.put)
    return answers.get(timeout=seconds + 30)


def same(found: FoundMetadata | None, original: Content) -> bool:
    """The torrent made of what was found says what the original says: info, and piece layers where it has them."""
    if found is None:
        return False
    made, given = bencodepy.decode(build_torrent(found)), bencodepy.decode(original.torrent)
    keys = (b"info", b"piece layers")
    return [made.get(key) for key in keys] == [given.get(key) for key in keys]


WISHES = (
    "v1",
    "hybrid by v1",
    "hybrid by v2",
    "hybrid by both",
    "v2",
    "v2 cut short",
    "hybrid by v2 cut short",
)


def wish_for(swarm: Swarm, what: str, **more: tuple[object, ...]) -> tuple[SearchRequest, Content]:
    hybrid = swarm.hybrid
    hashes: dict[str, tuple[Content, bytes | None, bytes | None]] = {
        "v1": (swarm.v1, swarm.v1.v1, None),
        "hybrid by v1": (hybrid, hybrid.v1, None),
        "hybrid by v2": (hybrid, None, hybrid.v2),
        "hybrid by both": (hybrid, hybrid.v1, hybrid.v2),
        "v2": (swarm.v2, None, swarm.v2.v2),
        "v2 cut short": (swarm.v2, swarm.v2.v2[:20], None),
        "hybrid by v2 cut short": (hybrid, hybrid.v2[:20], None),
    }
    original, v1, v2 = hashes[what]
    return SearchRequest(v1, v2, **more), original  # type: ignore[arg-type]


@pytest.mark.parametrize("what", WISHES)
def test_a_torrent_is_found_at_a_peer_that_the_wish_names(swarm: Swarm, what: str) -> None:
    session = SearchEngine(config(bootstrap=False))
    wish, original = wish_for(swarm, what, peers=(SEEDER,))
    assert same(find(session, wish), original)
    session.close()


@pytest.mark.parametrize("what", WISHES)
def test_a_torrent_is_found_in_the_dht(swarm: Swarm, everyday: SearchEngine, what: str) -> None:
    wish, original = wish_for(swarm, what)
    assert same(find(everyday, wish), original)


@pytest.mark.parametrize("tracker", [http_tracker, udp_tracker])
@pytest.mark.parametrize("what", ["v1", "hybrid by v1", "v2"])
def test_a_torrent_is_found_by_a_tracker_that_the_wish_names(
    swarm: Swarm, what: str, tracker: Callable[..., AbstractContextManager[Tracker]]
) -> None:
    session = SearchEngine(config(bootstrap=False))
    wish, original = wish_for(swarm, what)
    (target,) = wish.targets
    with tracker(("81.1.0.1", 6969), {target: [SEEDER]}) as asked:
        assert same(find(session, replace(wish, trackers=(asked.url,))), original)
    session.close()


def test_a_tracker_of_the_settings_is_asked_when_nothing_else_helps(swarm: Swarm) -> None:
    with udp_tracker(("81.1.0.1", 6969), {swarm.v1.v1: [SEEDER]}) as asked:
        session = SearchEngine(config(trackers=(asked.url,), bootstrap=False))
        assert same(find(session, SearchRequest(swarm.v1.v1)), swarm.v1)
        session.close()


@pytest.mark.parametrize("tracker", [http_tracker, udp_tracker])
def test_what_a_tracker_is_told_is_of_no_use_to_others(
    swarm: Swarm, tracker: Callable[..., AbstractContextManager[Tracker]]
) -> None:
    """Nobody listens at port 1, and the tracker is told to forget us as soon as the search is over."""
    session = SearchEngine(config(bootstrap=False))
    with tracker(("81.1.0.1", 6969), {swarm.v1.v1: [SEEDER]}) as asked:
        assert find(session, SearchRequest(swarm.v1.v1, trackers=(asked.url,)))
        session.close()
        # Over UDP a question is repeated when the answer is slow.
        until(lambda: [event for event, _ in groupby(one.event for one in asked.announces)] == _FROM_TO)
        assert {announce.port for announce in asked.announces} == {1}


def test_nobody_can_connect_to_us(everyday: SearchEngine) -> None:
    """What a peer or a tracker could pass on about us leads nowhere."""
    everyday.search(SearchRequest(NOWHERE, peers=(SEEDER,)), 5, lambda _: None)
    with socket.create_connection(RESOLVER, timeout=30) as connection:
        connection.sendall(b"\x13BitTorrent protocol" + bytes(8) + NOWHERE + bytes(20))
        assert not heard(connection)


def heard(connection: socket.socket) -> bytes:
    try:
        return connection.recv(100)
    except ConnectionResetError:
        return b""


def test_nothing_is_announced_to_the_dht(swarm: Swarm, everyday: SearchEngine) -> None:
    assert find(everyday, SearchRequest(swarm.v1.v1))
    assert find(everyday, SearchRequest(NOWHERE), seconds=3) is None
    assert everyday.statistics()["dht_nodes"] > 0
    assert everyday.statistics()["announced"] == 0


def test_what_nobody_has_is_answered_with_none_when_time_is_over(everyday: SearchEngine) -> None:
    began = time.monotonic()
    assert find(everyday, SearchRequest(NOWHERE), seconds=1) is None
    assert 1 <= time.monotonic() - began < 30


def test_time_is_over_too_for_what_had_no_time_to_begin(everyday: SearchEngine) -> None:
    answers: queue.Queue[FoundMetadata | None] = queue.Queue()
    for number in range(100):
        everyday.search(SearchRequest(bytes([number]) * 20), 0, answers.put)
    assert [answers.get(timeout=30) for _ in range(100)] == [None] * 100


def test_what_nobody_has_keeps_nobody_from_beginning(everyday: SearchEngine) -> None:
    answers: queue.Queue[FoundMetadata | None] = queue.Queue()
    for number in range(100):
        everyday.search(SearchRequest(bytes([number]) * 20), 10, answers.put)
    until(lambda: everyday.statistics()["searches"] >= 100)
    assert [answers.get(timeout=30) for _ in range(100)] == [None] * 100


def test_equal_wishes_are_one_search_and_each_is_answered_at_its_own_time(everyday: SearchEngine) -> None:
    answers: queue.Queue[tuple[str, FoundMetadata | None]] = queue.Queue()
    everyday.search(SearchRequest(NOWHERE), 6, lambda found: answers.put(("later", found)))
    for _ in range(3):
        everyday.search(SearchRequest(NOWHERE), 1, lambda found: answers.put(("soon", found)))
    until(lambda: everyday.statistics()["searches"] == 1)
    assert [answers.get(timeout=30) for _ in range(4)] == [("soon", None)] * 3 + [("later", None)]
    assert everyday.statistics()["searches"] == 0
    assert answers.empty()


def test_a_peer_that_is_told_of_during_a_search_is_asked(swarm: Swarm) -> None:
    session = SearchEngine(config(bootstrap=False))
    answers: queue.Queue[FoundMetadata | None] = queue.Queue()
    session.search(SearchRequest(swarm.v1.v1), 60, answers.put)
    session.add_peers(SearchRequest(swarm.v1.v1, peers=(SEEDER,)))
    assert same(answers.get(timeout=90), swarm.v1)
    session.close()


def test_what_is_told_of_begins_no_search_and_makes_none_longer(everyday: SearchEngine) -> None:
    answers: queue.Queue[FoundMetadata | None] = queue.Queue()
    everyday.add_peers(SearchRequest(bytes(20), peers=(SEEDER,)))
    everyday.search(SearchRequest(NOWHERE), 1, answers.put)
    for port in range(1, 20):
        everyday.add_peers(SearchRequest(NOWHERE, peers=((SEEDER[0], port),)))
    assert answers.get(timeout=30) is None
    assert everyday.statistics()["searches"] == 0


def test_a_hybrid_wished_for_by_each_of_its_hashes_at_once_answers_both(
    swarm: Swarm, everyday: SearchEngine
) -> None:
    answers: queue.Queue[FoundMetadata | None] = queue.Queue()
    for wish in (
        SearchRequest(swarm.hybrid.v1),
        SearchRequest(v2=swarm.hybrid.v2),
        SearchRequest(swarm.hybrid.v2[:20]),
    ):
        everyday.search(replace(wish, peers=(SEEDER,)), 60, answers.put)
    assert all(same(answers.get(timeout=90), swarm.hybrid) for _ in range(3))


def test_hashes_of_two_torrents_in_one_wish_are_not_met(swarm: Swarm, everyday: SearchEngine) -> None:
    assert find(everyday, SearchRequest(swarm.v1.v1, swarm.v2.v2, peers=(SEEDER,)), seconds=5) is None


def test_such_a_wish_does_not_stand_in_the_way_of_an_honest_one(swarm: Swarm, everyday: SearchEngine) -> None:
    answers: queue.Queue[FoundMetadata | None] = queue.Queue()
    everyday.search(SearchRequest(swarm.v1.v1, swarm.v2.v2, peers=(SEEDER,)), 5, lambda _: None)
    everyday.search(SearchRequest(swarm.v1.v1), 60, answers.put)
    everyday.search(SearchRequest(v2=swarm.v2.v2), 60, answers.put)
    found = [answers.get(timeout=90), answers.get(timeout=90)]
    assert {one.info for one in found if one} == {info_of(swarm.v1), info_of(swarm.v2)}


PRIVATE = (
    "10.1.2.3",
    "127.9.9.9",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "224.0.0.1",
    "::1",
    "fd00::1",
)


def test_on_loopback_the_same_is_found_when_private_addresses_are_allowed(swarm: Swarm) -> None:
    seeder = Peer(("127.1.0.1", 6881))
    seeder.seed(swarm.v1)
    with http_tracker(("127.0.0.1", 7070), {swarm.v1.v1: [seeder.address]}) as tracker:
        session = SearchEngine(
            replace(config(bootstrap=False, address=("127.2.0.1", 6881)), allow_private=True)
        )
        assert same(find(session, SearchRequest(swarm.v1.v1, trackers=(tracker.url,))), swarm.v1)
        session.close()


@pytest.mark.parametrize(
    "address",
    [
        *PRIVATE,
        "0.0.0.0",
        "255.255.255.255",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:a00::1",
        "2001:db8::1",
        "fe80::1",
        "ff02::1",
        "::",
        "localhost",
        "",
        "8.8.8.8:80",
        "08.8.8.8",
    ],
)
def test_an_address_of_nobody_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.32.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450::1",
        "2001:4860::8888",
    ],
)
def test_an_address_of_somebody_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("network", RESERVED, ids=str)
def test_what_lies_beside_a_reserved_network_is_public_only_if_python_thinks_so_too(
    network: IPv4Network | IPv6Network,
) -> None:
    """Its ipaddress module reads the same registries of IANA, and was written by others."""
    assert not is_public(str(network.network_address))
    assert not is_public(str(network.broadcast_address))
    for neighbour in (int(network.network_address) - 1, int(network.broadcast_address) + 1):
        if 0 <= neighbour < 1 << network.max_prefixlen:
            address = type(network.network_address)(neighbour)
            assert address.is_global or not is_public(str(address))


def test_the_dht_table_is_kept(swarm: Swarm, tmp_path: Path) -> None:
    state = tmp_path / "new" / "dht.state"
    session = SearchEngine(config(state))
    until(lambda: session.statistics()["dht_nodes"] > 0)
    session.close()
    without_bootstrap = SearchEngine(config(state, bootstrap=False))
    assert same(find(without_bootstrap, SearchRequest(swarm.v1.v1)), swarm.v1)
    without_bootstrap.close()


def test_a_dht_table_that_cannot_be_read_is_done_without(swarm: Swarm, tmp_path: Path) -> None:
    (tmp_path / "dht.state").write_bytes(b"no bencoding")
    session = SearchEngine(config(tmp_path / "dht.state"))
    assert same(find(session, SearchRequest(swarm.v1.v1)), swarm.v1)
    session.close()


def test_a_dht_table_that_cannot_be_written_keeps_nobody_from_closing(
    swarm: Swarm, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    session = SearchEngine(config(tmp_path / "file" / "dht.state"))
    session.close()
    assert "the DHT table cannot be kept" in caplog.text


def test_whoever_asks_while_the_session_closes_is_told_so_or_answered(swarm: Swarm) -> None:
    answers: queue.Queue[FoundMetadata | None] = queue.Queue()
    session = SearchEngine(config())
    asked, begun = 0, threading.Event()

    def close() -> None:
        begun.wait(60)
        session.close()

    closing = threading.Thread(target=close)
    closing.start()
    with pytest.raises(RuntimeError):
        while True:
            session.search(SearchRequest(NOWHERE), 600, answers.put)
            asked += 1
            begun.set()
    closing.join()
    assert answers.qsize() == asked


def test_a_wish_that_cannot_be_searched_for_is_over_in_time_all_the_same(everyday: SearchEngine) -> None:
    assert (
        find(everyday, SearchRequest(NOWHERE, trackers=("http://\ud800.example/announce",)), seconds=0.5)
        is None
    )


def test_whoever_waits_is_answered_when_the_session_closes(swarm: Swarm) -> None:
    answers: queue.Queue[FoundMetadata | None] = queue.Queue()
    session = SearchEngine(config())
    for number in range(100):  # more than begin at a time
        session.search(SearchRequest(bytes([number]) * 20), 600, answers.put)
    session.close()
    assert [answers.get_nowait() for _ in range(100)] == [None] * 100
    with pytest.raises(RuntimeError):
        session.search(SearchRequest(NOWHERE), 1, answers.put)


def test_a_caller_that_fails_harms_only_itself(
    swarm: Swarm, everyday: SearchEngine, caplog: pytest.LogCaptureFixture
) -> None:
    everyday.search(SearchRequest(NOWHERE), 0.1, lambda _: 1 / 0)  # type: ignore[arg-type]
    assert find(everyday, SearchRequest(NOWHERE), seconds=0.5) is None
    assert "ZeroDivisionError" in caplog.text


def test_a_torrent_names_its_trackers_and_keeps_the_info_dictionary_as_it_is() -> None:
    unsorted = b"d4:name1:x6:lengthi1ee"
    made = build_torrent(
        FoundMetadata(unsorted, None, 0.0), ("udp://a.example:1/announce", "http://b.example/announce")
    )
    assert made == (
        b"d8:announce26:udp://a.example:1/announce"
        b"13:announce-listll26:udp://a.example:1/announceel25:http://b.example/announceee"
        b"4:info" + unsorted + b"e"
    )


def test_a_torrent_without_trackers_is_the_info_dictionary_and_its_layers_by_name() -> None:
    assert (
        build_torrent(FoundMetadata(b"de", {b"b": b"2", b"a": b"1"}, 0.0))
        == b"d4:infode12:piece layersd1:a1:11:b1:2ee"
    )
    assert build_torrent(FoundMetadata(b"de", {}, 0.0)) == b"d4:infode12:piece layersdee"


@pytest.mark.parametrize("hashes", [{}, {"v1": bytes(19)}, {"v2": bytes(20)}, {"v1": b""}])
def test_a_wish_without_a_whole_hash_is_refused(hashes: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="hash"):
        SearchRequest(**hashes)  # type: ignore[arg-type]


def info_of(original: Content) -> bytes:
    return bytes(bencodepy.encode(bencodepy.decode(original.torrent)[b"info"]))


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
