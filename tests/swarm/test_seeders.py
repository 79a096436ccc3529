"""Torrents fetched from clients of other makes, each found in four ways, on an Internet of our own."""

import queue
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

import pytest

from swarm import Config, FoundMetadata, SearchEngine, SearchRequest
from tests.servers.libtorrent_peers import ROUTER, Content, start_dht
from tests.servers.network_namespace import network_namespace
from tests.servers.seeding_clients import CLIENTS, SeedingClients, seeding_clients
from tests.swarm.test_swarm import same

pytestmark = pytest.mark.timeout(900)  # until eight clients have started and told the DHT, on a busy machine

WAYS = ("peer", "UDP tracker", "HTTP tracker", "DHT")


class Case(NamedTuple):
    make: str
    kind: str
    by: str
    """The hash that is known."""

    def __str__(self) -> str:
        return f"{self.make}, {self.kind} by {self.by}"

    @property
    def whole(self) -> bool:
        """Transmission takes a hybrid as a v1 torrent: no peer finds it by the v2 hash, or gets piece layers."""
        return not (self.make == "Transmission 4.1" and self.kind == "hybrid")


CASES = [
    case
    for make, (_, kinds) in CLIENTS.items()
    for kind in kinds
    for by in ("v1", "v2")
    if by in (case := Case(make, kind, by)).kind or (kind == "hybrid" and (by == "v1" or case.whole))
]


class World(NamedTuple):
    seeded: SeedingClients
    answers: dict[tuple[Case, str], queue.Queue[FoundMetadata | None]]

    def found(self, case: Case, way: str) -> tuple[FoundMetadata | None, Content]:
        return self.answers[case, way].get(timeout=300), self.seeded.held[case.make, case.kind]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All at once, since some clients tell the DHT only after half a minute."""
    with network_namespace(), ExitStack() as stack:
        nodes = start_dht()
        clients = stack.enter_context(seeding_clients(tmp_path_factory.mktemp("clients")))
        answers: dict[tuple[Case, str], queue.Queue[FoundMetadata | None]] = {}
        for way in WAYS:
            # In one session the two hashes of a hybrid would be found together.
            for by in ("v1", "v2"):
                session = SearchEngine(config(f"70.1.{WAYS.index(way)}.{by[1]}", way))
                stack.callback(session.close)
                for case in CASES:
                    if case.by == by:
                        answers[case, way] = queue.Queue()
                        session.search(wish(clients, case, way), 240, answers[case, way].put)
        yield World(clients, answers)
        del nodes


def config(host: str, way: str) -> Config:
    """Nothing but this way leads to the seeder."""
    router = ("{}:{}".format(*ROUTER),)
    return Config(f"{host}:6881", bootstrap=router if way == "DHT" else (), trackers=())


def wish(clients: SeedingClients, case: Case, way: str) -> SearchRequest:
    held = clients.held[case.make, case.kind]
    asked = SearchRequest(held.v1) if case.by == "v1" else SearchRequest(v2=held.v2)
    trackers = {"UDP tracker": (clients.tracker.udp,), "HTTP tracker": (clients.tracker.http,)}
    peers = (clients.addresses[case.make],) if way == "peer" else ()
    return replace(asked, trackers=trackers.get(way, ()), peers=peers)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", [case for case in CASES if case.whole], ids=str)
def test_a_torrent_is_found_and_fetched_whole(world: World, case: Case, way: str) -> None:
    assert same(*world.found(case, way))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", [case for case in CASES if not case.whole], ids=str)
def test_a_hybrid_of_who_knows_only_v1_comes_without_piece_layers(world: World, case: Case, way: str) -> None:
    found, original = world.found(case, way)
    assert found and found.layers is None
    assert found.info in original.torrent
