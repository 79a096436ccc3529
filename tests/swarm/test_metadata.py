"""Peers that lie: they harm nothing, and delay nothing else. All of them at once."""

import queue
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import bencodepy
import pytest

from swarm import Config, FoundMetadata, SearchEngine, SearchRequest
from tests import make
from tests.servers.hostile_behaviours import (
    LAYER_BEHAVIOURS,
    METADATA_BEHAVIOURS,
    bare,
    hesitation,
    late_layers,
)
from tests.servers.hostile_peer import PeerBehaviour, hostile_peer
from tests.servers.libtorrent_peers import Address, Content, Peer, create_content
from tests.servers.network_namespace import network_namespace
from tests.swarm.test_swarm import find, info_of, same, until

SEEDER: Address = ("44.1.0.1", 6881)
NO_FILES = Path("/nonexistent")  # of a seeder that is asked for metadata only
NAMES = [lie.__name__ for lie in METADATA_BEHAVIOURS]
ABOUT_LAYERS = [lie.__name__ for lie in LAYER_BEHAVIOURS]

Answers = dict[str, queue.Queue[FoundMetadata | None]]


class World(NamedTuple):
    session: SearchEngine
    seeder: Peer
    held: dict[str, bytes]
    """Torrents that the seeder has, one a lie."""
    v2: dict[str, Content]
    """Likewise, one a lie about layers."""
    liars: dict[str, Address]
    visitors: dict[str, list[Address]]
    alone: Answers
    """What came of wishes that only a liar was named for."""
    beside: Answers
    """What came of those for which an honest peer was named later."""
    quick: list[FoundMetadata | None]
    """Wishes for another torrent, while all that was going on."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("content")
    with network_namespace(), ExitStack() as stack:
        seeder = Peer(SEEDER)
        held = {name: make.v1(name.encode(), 20_000) for name in (*NAMES, "honest")}
        v2 = {
            name: create_content(folder, name, "v2")
            for name in (*ABOUT_LAYERS, "hesitation", "late", "joined", "far away")
        }
        for each in (*(Content(NO_FILES, "", one) for one in held.values()), *v2.values()):
            seeder.seed(each)
        lies: dict[str, PeerBehaviour] = {lie.__name__: lie for lie in METADATA_BEHAVIOURS}
        lies |= {lie.__name__: lie(info_of(v2[lie.__name__])) for lie in LAYER_BEHAVIOURS}
        liars = {name: (f"66.6.{number}.1", 6881) for number, name in enumerate(lies)}
        visitors = {name: stack.enter_context(hostile_peer(liars[name], lies[name])) for name in lies}
        session = SearchEngine(Config("70.1.0.1:6881", bootstrap=(), trackers=()))
        stack.callback(session.close)
        alone: Answers = {name: queue.Queue() for name in lies}
        beside: Answers = {name: queue.Queue() for name in lies}
        for number, name in enumerate(NAMES):
            session.search(
                SearchRequest(bytes(19) + bytes([number]), peers=(liars[name],)), 20, alone[name].put
            )
            session.search(SearchRequest(sha1(held[name]), peers=(liars[name],)), 120, beside[name].put)
        for name in ABOUT_LAYERS:
            session.search(SearchRequest(v2=v2[name].v2, peers=(liars[name],)), 60, alone[name].put)
        until(lambda: all(len(visitors[name]) >= 2 for name in NAMES), 60)
        honest = SearchRequest(sha1(held["honest"]), peers=(SEEDER,))
        quick = [find(session, honest) for _ in range(5)]
        for name in NAMES:
            session.search(SearchRequest(sha1(held[name]), peers=(SEEDER,)), 120, beside[name].put)
        yield World(session, seeder, held, v2, liars, visitors, alone, beside, quick)


def huge(pieces: int) -> bytes:
    """A v2 info dictionary of 150 bytes, whose piece layers have 32 bytes for each piece."""
    root = make.sha256(b"%d" % pieces)
    file = {b"": {b"length": pieces * 16_384, b"pieces root": root}}
    info = {b"file tree": {b"x": file}, b"meta version": 2, b"name": b"x", b"piece length": 16_384}
    return bytes(bencodepy.encode(info))


def sha1(torrent: bytes) -> bytes:
    return make.infohashes(torrent)[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_peer_that_lies_is_believed_nothing(world: World, name: str) -> None:
    assert world.alone[name].get(timeout=120) is None
    assert world.visitors[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_peer_that_lies_does_not_keep_us_from_one_that_does_not(world: World, name: str) -> None:
    """Even if it comes first."""
    found = [world.beside[name].get(timeout=180) for _ in range(2)]
    assert [one and one.info in world.held[name] for one in found] == [True, True]


@pytest.mark.parametrize(("size", "taken"), [(31_000_000, True), (33_000_000, False)])
def test_metadata_is_taken_up_to_a_size_and_beyond_it_not_even_if_it_is_true(
    world: World, size: int, taken: bool
) -> None:
    wanted, peer = Content(NO_FILES, "", make.v1(b"x", size // 20 * make.BLOCK)), ("66.8.0.5", 6881)
    info = info_of(wanted)
    with hostile_peer(peer, bare(info)):
        found = find(world.session, SearchRequest(wanted.v1, peers=(peer,)), seconds=60 if taken else 10)
    assert (found and found.info) == (info if taken else None)


def test_metadata_that_is_true_and_has_too_many_pieces_is_said_to(world: World) -> None:
    """A peer that tells it is no liar, and to ask others is in vain."""
    peer, most = ("66.8.0.6", 6881), 1_000
    wanted = Content(NO_FILES, "", make.v1(b"x", (most + 1) * make.BLOCK))
    session = SearchEngine(Config("70.3.0.1:6881", bootstrap=(), trackers=(), max_torrent=most * 20))
    try:
        with hostile_peer(peer, bare(info_of(wanted))):
            found = find(session, SearchRequest(wanted.v1, peers=(peer,)))
    finally:
        session.close()
    assert found and found.unusable == "too many pieces in torrent"


def test_lying_peers_of_one_torrent_do_not_delay_another(world: World) -> None:
    assert statistics.median(found.seconds for found in world.quick if found) < 0.5


@pytest.mark.parametrize("name", ABOUT_LAYERS)
def test_what_a_peer_says_of_piece_layers_is_believed_only_if_it_is_true(world: World, name: str) -> None:
    found = world.alone[name].get(timeout=120)
    assert found and found.layers is None
    assert found.info == info_of(world.v2[name])


@pytest.mark.parametrize("name", ABOUT_LAYERS)
def test_who_lies_of_piece_layers_does_not_keep_us_from_who_tells_them(world: World, name: str) -> None:
    wish = SearchRequest(v2=world.v2[name].v2, peers=(world.liars[name], SEEDER))
    assert same(find(world.session, wish), world.v2[name])


def test_who_has_been_tried_for_piece_layers_is_tried_again(world: World) -> None:
    """It says nothing of them in the first round, which takes 2.75 s with two peers."""
    wanted, peers = world.v2["late"], (("66.8.0.2", 6881), ("66.8.0.3", 6881))
    layers = bencodepy.decode(wanted.torrent)[b"piece layers"]
    late, liar = late_layers(info_of(wanted), layers, 3), bare(info_of(wanted))
    with hostile_peer(peers[0], late), hostile_peer(peers[1], liar):
        assert same(find(world.session, SearchRequest(v2=wanted.v2, peers=peers)), wanted)


def test_who_comes_while_piece_layers_are_awaited_brings_peers_for_all(world: World) -> None:
    wanted, liar = world.v2["joined"], ("66.8.0.4", 6881)
    first = queue.Queue[FoundMetadata | None]()
    with hostile_peer(liar, bare(info_of(wanted))) as visitors:
        world.session.search(SearchRequest(v2=wanted.v2, peers=(liar,)), 60, first.put)
        until(lambda: len(visitors) >= 2)  # the second time it is for the layers
        assert same(find(world.session, SearchRequest(v2=wanted.v2, peers=(SEEDER,))), wanted)
        assert same(first.get(timeout=30), wanted)


def test_a_lone_peer_is_given_time_to_tell_the_piece_layers(world: World) -> None:
    wanted, peer = world.v2["far away"], ("66.8.0.6", 6881)
    layers = bencodepy.decode(wanted.torrent)[b"piece layers"]
    with hostile_peer(peer, late_layers(info_of(wanted), layers, 2)) as visitors:
        assert same(find(world.session, SearchRequest(v2=wanted.v2, peers=(peer,))), wanted)
    assert len(visitors) == 2  # one connection for the metadata, one for the layers


def test_piece_layers_that_would_make_too_much_of_a_torrent_are_not_asked_for() -> None:
    """It is larger than this in itself, or together with those that are just being completed."""
    infos = [huge(pieces) for pieces in (600_000, 625_000, 1_250_000)]
    first, second, larger = wishes = [
        SearchRequest(v2=make.sha256(info), peers=((f"66.9.0.{at}", 6881),))
        for at, info in enumerate(infos, 1)
    ]
    answers = queue.Queue[FoundMetadata | None]()
    with network_namespace(), ExitStack() as stack:
        visitors = [
            stack.enter_context(hostile_peer(wish.peers[0], bare(info)))
            for wish, info in zip(wishes, infos, strict=True)
        ]
        session = SearchEngine(Config("70.1.0.1:6881"))
        stack.callback(session.close)
        session.search(first, 60, answers.put)
        until(lambda: len(visitors[0]) >= 2)  # the second time it is for the layers
        found = [find(session, wish, seconds=25) for wish in (second, larger)]
        assert [one and (one.info, one.layers) for one in found] == [(infos[1], None), (infos[2], None)]
        assert [len(each) for each in visitors] == [2, 1, 1]
        assert answers.empty()


def test_what_was_found_is_looked_for_again_undisturbed(world: World) -> None:
    """The first search had seven seconds for its piece layers; when they are over it is no more."""
    wanted, slow = world.v2["hesitation"], ("66.8.0.1", 6881)
    assert same(find(world.session, SearchRequest(v2=wanted.v2, peers=(SEEDER,))), wanted)
    time.sleep(4.5)
    with hostile_peer(slow, hesitation(info_of(wanted))):
        found = find(world.session, SearchRequest(v2=wanted.v2, peers=(slow,)))
    assert found and found.info == info_of(wanted)


def test_when_all_is_over_nothing_is_left(world: World) -> None:
    until(lambda: world.session.statistics()["searches"] == 0, 120)
    until(lambda: world.session.statistics()["peers"] == 0)
