"""Finding torrents in a BitTorrent network of libtorrent peers, trackers and a DHT, on an Internet of our own.

Settings are those of every day but for the bootstrap node: here every public address is this machine.
"""

import queue
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import bencodepy
import pytest

from swarm import Config, Found, Session, Wish, torrent
from swarm.addresses import is_public
from tests.servers.hostile_peer import LIES, Lie, endless_metadata, hostile_peer, silence
from tests.servers.swarm import ROUTER, Address, Content, Peer, content, dht, internet
from tests.servers.trackers import Tracker, http_tracker, udp_tracker

SEEDER: Address = ("44.1.0.1", 6881)
RESOLVER: Address = ("70.1.0.1", 6881)
NOWHERE = b"\x5a" * 20


class Swarm(NamedTuple):
    v1: Content
    hybrid: Content
    v2: Content
    nodes: list[Peer]
    seeder: Peer


@pytest.fixture(scope="module")
def swarm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swarm]:
    folder = tmp_path_factory.mktemp("content")
    with internet():
        nodes = dht()
        seeder = Peer(SEEDER, [node.address for node in nodes[1:]])
        v1, hybrid, v2 = [content(folder, kind, kind) for kind in ("v1", "hybrid", "v2")]
        for each in (v1, hybrid, v2):
            seeder.seed(each)
        yield Swarm(v1, hybrid, v2, nodes, seeder)


@pytest.fixture(scope="module")
def everyday(swarm: Swarm) -> Iterator[Session]:
    """One session for the tests that need no other."""
    session = Session(config())
    yield session
    session.close()


def config(state: Path | None = None, trackers: tuple[str, ...] = (), bootstrap: bool = True) -> Config:
    return Config(
        listen="{}:{}".format(*RESOLVER),
        bootstrap=("{}:{}".format(*ROUTER),) if bootstrap else (),
        trackers=trackers,
        state=state,
    )


def find(session: Session, wish: Wish, seconds: float = 60) -> Found | None:
    answers: queue.Queue[Found | None] = queue.Queue()
    session.search(wish, seconds, answers.put)
    return answers.get(timeout=seconds + 30)


def same(found: Found | None, original: Content) -> bool:
    """The torrent made of what was found says what the original says: info, and piece layers where it has them."""
    if found is None:
        return False
    made, given = bencodepy.decode(torrent(found)), bencodepy.decode(original.torrent)
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


def wish_for(swarm: Swarm, what: str, **more: tuple[object, ...]) -> tuple[Wish, Content]:
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
    return Wish(v1, v2, **more), original  # type: ignore[arg-type]


@pytest.mark.parametrize("what", WISHES)
def test_a_torrent_is_found_at_a_peer_that_the_wish_names(swarm: Swarm, what: str) -> None:
    session = Session(config(bootstrap=False))
    wish, original = wish_for(swarm, what, peers=(SEEDER,))
    assert same(find(session, wish), original)
    session.close()


@pytest.mark.parametrize("what", WISHES)
def test_a_torrent_is_found_in_the_dht(swarm: Swarm, everyday: Session, what: str) -> None:
    wish, original = wish_for(swarm, what)
    assert same(find(everyday, wish), original)


@pytest.mark.parametrize("tracker", [http_tracker, udp_tracker])
@pytest.mark.parametrize("what", ["v1", "hybrid by v1", "v2"])
def test_a_torrent_is_found_by_a_tracker_that_the_wish_names(
    swarm: Swarm, what: str, tracker: Callable[..., AbstractContextManager[Tracker]]
) -> None:
    session = Session(config(bootstrap=False))
    wish, original = wish_for(swarm, what)
    (target,) = wish.targets
    with tracker(("81.1.0.1", 6969), {target: [SEEDER]}) as asked:
        assert same(find(session, replace(wish, trackers=(asked.url,))), original)
    session.close()


def test_a_tracker_of_the_settings_is_asked_when_nothing_else_helps(swarm: Swarm) -> None:
    with udp_tracker(("81.1.0.1", 6969), {swarm.v1.v1: [SEEDER]}) as asked:
        session = Session(config(trackers=(asked.url,), bootstrap=False))
        assert same(find(session, Wish(swarm.v1.v1)), swarm.v1)
        session.close()


@pytest.mark.parametrize("tracker", [http_tracker, udp_tracker])
def test_what_a_tracker_is_told_is_of_no_use_to_others(
    swarm: Swarm, tracker: Callable[..., AbstractContextManager[Tracker]]
) -> None:
    """Nobody listens at port 1, and the tracker is told to forget us as soon as the search is over."""
    session = Session(config(bootstrap=False))
    with tracker(("81.1.0.1", 6969), {swarm.v1.v1: [SEEDER]}) as asked:
        assert find(session, Wish(swarm.v1.v1, trackers=(asked.url,)))
        session.close()
        assert {announce.port for announce in asked.announces} == {1}
        assert [announce.event for announce in asked.announces] == ["started", "stopped"]


def test_nobody_can_connect_to_us(swarm: Swarm, everyday: Session) -> None:
    """What a peer or a tracker could pass on about us leads nowhere."""
    with socket.create_connection(RESOLVER, timeout=30) as connection:
        connection.sendall(b"\x13BitTorrent protocol" + bytes(8) + swarm.v1.v1 + bytes(20))
        assert not heard(connection)


def heard(connection: socket.socket) -> bytes:
    try:
        return connection.recv(100)
    except ConnectionResetError:
        return b""


def test_nothing_is_announced_to_the_dht(swarm: Swarm, everyday: Session) -> None:
    assert find(everyday, Wish(swarm.v1.v1))
    assert find(everyday, Wish(NOWHERE), seconds=3) is None
    assert everyday.statistics()["dht_nodes"] > 0
    assert everyday.statistics()["announced"] == 0


def test_what_nobody_has_is_answered_with_none_when_time_is_over(everyday: Session) -> None:
    began = time.monotonic()
    assert find(everyday, Wish(NOWHERE), seconds=1) is None
    assert 1 <= time.monotonic() - began < 10


def test_equal_wishes_are_one_search_and_each_is_answered_at_its_own_time(everyday: Session) -> None:
    answers: queue.Queue[tuple[str, Found | None]] = queue.Queue()
    everyday.search(Wish(NOWHERE), 2, lambda found: answers.put(("later", found)))
    for _ in range(3):
        everyday.search(Wish(NOWHERE), 1, lambda found: answers.put(("soon", found)))
    until(lambda: everyday.statistics()["searches"] == 1)
    assert [answers.get(timeout=30) for _ in range(4)] == [("soon", None)] * 3 + [("later", None)]
    assert everyday.statistics()["searches"] == 0
    assert answers.empty()


def test_a_hybrid_wished_for_by_each_of_its_hashes_at_once_answers_both(
    swarm: Swarm, everyday: Session
) -> None:
    answers: queue.Queue[Found | None] = queue.Queue()
    for wish in (Wish(swarm.hybrid.v1), Wish(v2=swarm.hybrid.v2), Wish(swarm.hybrid.v2[:20])):
        everyday.search(replace(wish, peers=(SEEDER,)), 60, answers.put)
    assert all(same(answers.get(timeout=90), swarm.hybrid) for _ in range(3))


def test_hashes_of_two_torrents_in_one_wish_are_not_met(swarm: Swarm, everyday: Session) -> None:
    assert find(everyday, Wish(swarm.v1.v1, swarm.v2.v2, peers=(SEEDER,)), seconds=5) is None


def test_such_a_wish_does_not_stand_in_the_way_of_an_honest_one(swarm: Swarm, everyday: Session) -> None:
    answers: queue.Queue[Found | None] = queue.Queue()
    everyday.search(Wish(swarm.v1.v1, swarm.v2.v2, peers=(SEEDER,)), 5, lambda _: None)
    everyday.search(Wish(swarm.v1.v1), 60, answers.put)
    everyday.search(Wish(v2=swarm.v2.v2), 60, answers.put)
    found = [answers.get(timeout=90), answers.get(timeout=90)]
    assert {one.info for one in found if one} == {info_of(swarm.v1), info_of(swarm.v2)}


def info_of(original: Content) -> bytes:
    return bytes(bencodepy.encode(bencodepy.decode(original.torrent)[b"info"]))


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
