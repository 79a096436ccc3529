"""Hostile peers: nothing that they send is believed, and they delay no other search.

All behaviours are tried at the same time, each for a torrent of its own.
"""

import queue
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import bencodepy
import pytest

from swarm import Config, FoundMetadata, SearchEngine, SearchOutcome, SearchRequest, UnusableMetadata
from tests import make
from tests.servers.hostile_behaviours import (
    LAYER_BEHAVIOURS,
    METADATA_BEHAVIOURS,
    serve_layers_later,
    serve_metadata_only,
    serve_torrent_after_delay,
)
from tests.servers.hostile_peer import PeerBehaviour, hostile_peer
from tests.servers.libtorrent_peers import Address, Content, Peer, create_content
from tests.servers.network_namespace import network_namespace
from tests.swarm.searching import find, info_dictionary_of, is_same_torrent, search, wait_for

SEEDER: Address = ("44.1.0.1", 6881)
NO_FOLDER = Path("/nonexistent")  # of torrents whose content is never read
METADATA = [behave.__name__ for behave in METADATA_BEHAVIOURS]
LAYERS = [behave.__name__ for behave in LAYER_BEHAVIOURS]

Outcomes = dict[str, queue.Queue[SearchOutcome]]


class World(NamedTuple):
    """The dictionaries are by the name of a behaviour; `torrents` and `v2` have some more."""

    engine: SearchEngine
    torrents: dict[str, bytes]
    """Seeded by an honest peer."""
    v2: dict[str, Content]
    """Likewise, with piece layers."""
    hostile_peers: dict[str, Address]
    visitors: dict[str, list[Address]]
    """Clients that have connected to the hostile peer."""
    hostile_only: Outcomes
    """Of requests that name the hostile peer alone."""
    hostile_first: Outcomes
    """Of two requests: the first names the hostile peer, the second the honest one."""
    honest: list[FoundMetadata | None]
    """Of requests for another torrent, made while all of that was going on."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("content")
    with network_namespace(), ExitStack() as stack:
        torrents = {name: make.v1(name.encode(), 20_000) for name in (*METADATA, "honest")}
        v2 = {
            name: create_content(folder, name, "v2")
            for name in (*LAYERS, "repeated", "late", "joined", "far away")
        }
        seeder = Peer(SEEDER)
        for content in (*(Content(NO_FOLDER, "", one) for one in torrents.values()), *v2.values()):
            seeder.seed(content)
        behaviours: dict[str, PeerBehaviour] = {behave.__name__: behave for behave in METADATA_BEHAVIOURS}
        for create in LAYER_BEHAVIOURS:
            behaviours[create.__name__] = create(info_dictionary_of(v2[create.__name__]))
        addresses = {name: (f"66.6.{number}.1", 6881) for number, name in enumerate(behaviours)}
        visitors = {
            name: stack.enter_context(hostile_peer(addresses[name], behaviours[name])) for name in behaviours
        }
        engine = SearchEngine(Config("70.1.0.1:6881", bootstrap=(), trackers=()))
        stack.callback(engine.close)
        hostile_only: Outcomes = {name: queue.Queue() for name in behaviours}
        hostile_first: Outcomes = {name: queue.Queue() for name in METADATA}
        for number, name in enumerate(METADATA):
            unknown = SearchRequest(bytes(19) + bytes([number]), peers=(addresses[name],))
            seeded = SearchRequest(sha1(torrents[name]), peers=(addresses[name],))
            engine.search(unknown, 20, hostile_only[name].put)
            engine.search(seeded, 120, hostile_first[name].put)
        for name in LAYERS:
            request = SearchRequest(v2=v2[name].v2, peers=(addresses[name],))
            engine.search(request, 60, hostile_only[name].put)
        wait_for(lambda: all(len(visitors[name]) >= 2 for name in METADATA), 60)
        honest_request = SearchRequest(sha1(torrents["honest"]), peers=(SEEDER,))
        honest = [find(engine, honest_request) for _ in range(5)]
        for name in METADATA:
            request = SearchRequest(sha1(torrents[name]), peers=(SEEDER,))
            engine.search(request, 120, hostile_first[name].put)
        yield World(engine, torrents, v2, addresses, visitors, hostile_only, hostile_first, honest)
        del seeder


def info_with_large_layers(pieces: int) -> bytes:
    """A v2 info dictionary of 150 bytes, whose piece layers have 32 bytes for each piece."""
    root = make.sha256(b"%d" % pieces)
    file = {b"": {b"length": pieces * 16_384, b"pieces root": root}}
    info = {b"file tree": {b"x": file}, b"meta version": 2, b"name": b"x", b"piece length": 16_384}
    return bytes(bencodepy.encode(info))


def sha1(torrent: bytes) -> bytes:
    return make.infohashes(torrent)[0]


@pytest.mark.parametrize("name", METADATA)
def test_nothing_is_found_at_a_hostile_peer(world: World, name: str) -> None:
    assert world.hostile_only[name].get(timeout=120) is None
    assert world.visitors[name]


@pytest.mark.parametrize("name", METADATA)
def test_a_hostile_peer_does_not_keep_an_honest_one_from_being_asked(world: World, name: str) -> None:
    """Even if the hostile one is known first."""
    found = [world.hostile_first[name].get(timeout=180) for _ in range(2)]
    assert [isinstance(one, FoundMetadata) and one.info in world.torrents[name] for one in found] == [
        True,
        True,
    ]


@pytest.mark.parametrize(("size", "is_accepted"), [(31_000_000, True), (33_000_000, False)])
def test_metadata_is_accepted_up_to_a_size_even_if_it_is_true(
    world: World, size: int, is_accepted: bool
) -> None:
    original, peer = Content(NO_FOLDER, "", make.v1(b"x", size // 20 * make.BLOCK)), ("66.8.0.5", 6881)
    info = info_dictionary_of(original)
    with hostile_peer(peer, serve_metadata_only(info)):
        request = SearchRequest(original.v1, peers=(peer,))
        found = find(world.engine, request, seconds=60 if is_accepted else 10)
    assert (found and found.info) == (info if is_accepted else None)


def test_true_metadata_with_too_many_pieces_is_unusable(world: World) -> None:
    """The peer does not lie, so no other peer could send anything else."""
    peer, max_pieces = ("66.8.0.6", 6881), 1_000
    original = Content(NO_FOLDER, "", make.v1(b"x", (max_pieces + 1) * make.BLOCK))
    engine = SearchEngine(
        Config("70.3.0.1:6881", bootstrap=(), trackers=(), max_torrent_bytes=max_pieces * 20)
    )
    try:
        with hostile_peer(peer, serve_metadata_only(info_dictionary_of(original))):
            outcome = search(engine, SearchRequest(original.v1, peers=(peer,)))
    finally:
        engine.close()
    assert isinstance(outcome, UnusableMetadata) and outcome.reason == "too many pieces in torrent"


def test_hostile_peers_of_one_torrent_do_not_delay_another(world: World) -> None:
    assert statistics.median(found.seconds for found in world.honest if found) < 0.5


@pytest.mark.parametrize("name", LAYERS)
def test_without_true_piece_layers_the_info_dictionary_alone_is_found(world: World, name: str) -> None:
    found = world.hostile_only[name].get(timeout=120)
    assert isinstance(found, FoundMetadata) and found.piece_layers is None
    assert found.info == info_dictionary_of(world.v2[name])


@pytest.mark.parametrize("name", LAYERS)
def test_a_peer_with_false_piece_layers_does_not_keep_an_honest_one_from_being_asked(
    world: World, name: str
) -> None:
    request = SearchRequest(v2=world.v2[name].v2, peers=(world.hostile_peers[name], SEEDER))
    assert is_same_torrent(find(world.engine, request), world.v2[name])


def test_a_peer_is_asked_for_piece_layers_again_in_the_next_round(world: World) -> None:
    """It rejects all requests of the first round, which takes 2.75 s with two peers."""
    original, peers = world.v2["late"], (("66.8.0.2", 6881), ("66.8.0.3", 6881))
    info, layers = info_dictionary_of(original), bencodepy.decode(original.torrent)[b"piece layers"]
    late, without_layers = serve_layers_later(info, layers, 3), serve_metadata_only(info)
    with hostile_peer(peers[0], late), hostile_peer(peers[1], without_layers):
        assert is_same_torrent(find(world.engine, SearchRequest(v2=original.v2, peers=peers)), original)


def test_a_request_that_joins_while_piece_layers_are_fetched_brings_peers_for_all(world: World) -> None:
    original, peer = world.v2["joined"], ("66.8.0.4", 6881)
    first = queue.Queue[SearchOutcome]()
    with hostile_peer(peer, serve_metadata_only(info_dictionary_of(original))) as visitors:
        world.engine.search(SearchRequest(v2=original.v2, peers=(peer,)), 60, first.put)
        wait_for(lambda: len(visitors) >= 2)  # the second connection is for the layers
        assert is_same_torrent(find(world.engine, SearchRequest(v2=original.v2, peers=(SEEDER,))), original)
        assert is_same_torrent(first.get(timeout=30), original)


def test_a_single_peer_is_given_time_to_send_the_piece_layers(world: World) -> None:
    original, peer = world.v2["far away"], ("66.8.0.6", 6881)
    layers = bencodepy.decode(original.torrent)[b"piece layers"]
    with hostile_peer(peer, serve_layers_later(info_dictionary_of(original), layers, 2)) as visitors:
        assert is_same_torrent(find(world.engine, SearchRequest(v2=original.v2, peers=(peer,))), original)
    assert len(visitors) == 2  # one connection for the metadata, one for the layers


def test_piece_layers_that_would_make_a_torrent_too_large_are_not_fetched() -> None:
    """Too large by themselves, or together with those that are being fetched."""
    infos = [info_with_large_layers(pieces) for pieces in (600_000, 625_000, 1_250_000)]
    first, second, larger = requests = [
        SearchRequest(v2=make.sha256(info), peers=((f"66.9.0.{number}", 6881),))
        for number, info in enumerate(infos, 1)
    ]
    first_outcome = queue.Queue[SearchOutcome]()
    with network_namespace(), ExitStack() as stack:
        visitors = [
            stack.enter_context(hostile_peer(request.peers[0], serve_metadata_only(info)))
            for request, info in zip(requests, infos, strict=True)
        ]
        engine = SearchEngine(Config("70.1.0.1:6881"))
        stack.callback(engine.close)
        engine.search(first, 60, first_outcome.put)
        wait_for(lambda: len(visitors[0]) >= 2)  # the second connection is for the layers
        found = [find(engine, request, seconds=25) for request in (second, larger)]
        assert [one and (one.info, one.piece_layers) for one in found] == [(infos[1], None), (infos[2], None)]
        assert [len(each) for each in visitors] == [2, 1, 1]
        assert first_outcome.empty()


def test_the_end_of_one_search_does_not_disturb_the_next_for_the_same_torrent(world: World) -> None:
    """The first search had seven seconds for its piece layers; they end while the second is under way."""
    original, slow = world.v2["repeated"], ("66.8.0.1", 6881)
    assert is_same_torrent(find(world.engine, SearchRequest(v2=original.v2, peers=(SEEDER,))), original)
    time.sleep(4.5)
    with hostile_peer(slow, serve_torrent_after_delay(info_dictionary_of(original))):
        found = find(world.engine, SearchRequest(v2=original.v2, peers=(slow,)))
    assert found and found.info == info_dictionary_of(original)


def test_in_the_end_no_search_and_no_connection_is_left(world: World) -> None:
    wait_for(lambda: world.engine.statistics()["searches"] == 0, 120)
    wait_for(lambda: world.engine.statistics()["peers"] == 0)
