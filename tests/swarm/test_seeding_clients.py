"""Torrents fetched from the BitTorrent clients of other projects, each found in four ways."""

import queue
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

import pytest

from swarm import Config, FoundMetadata, SearchEngine, SearchOutcome, SearchRequest
from tests.servers.libtorrent_peers import ROUTER, Content, start_dht
from tests.servers.network_namespace import network_namespace
from tests.servers.seeding_clients import CLIENTS, SeedingClients, seeding_clients
from tests.swarm.searching import is_same_torrent

pytestmark = pytest.mark.timeout(900)  # until eight clients have started and announced, on a busy machine

WAYS = ("peer", "UDP tracker", "HTTP tracker", "DHT")


class Case(NamedTuple):
    client: str
    kind: str
    by: str
    """The version of the infohash that is requested."""

    def __str__(self) -> str:
        return f"{self.client}, {self.kind} by {self.by}"

    @property
    def has_v2(self) -> bool:
        """Transmission treats a hybrid torrent as v1: it is not found by its v2 hash, and sends no piece layers."""
        return not (self.client == "Transmission 4.1" and self.kind == "hybrid")


CASES = [
    case
    for client, (_, kinds) in CLIENTS.items()
    for kind in kinds
    for by in ("v1", "v2")
    if by in (case := Case(client, kind, by)).kind or (kind == "hybrid" and (by == "v1" or case.has_v2))
]


class World(NamedTuple):
    clients: SeedingClients
    outcomes: dict[tuple[Case, str], queue.Queue[SearchOutcome]]

    def outcome(self, case: Case, way: str) -> tuple[SearchOutcome, Content]:
        """What was found, and the original."""
        return self.outcomes[case, way].get(timeout=300), self.clients.contents[case.client, case.kind]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All cases at the same time, since some clients announce to the DHT only after half a minute."""
    with network_namespace(), ExitStack() as stack:
        nodes = start_dht()
        clients = stack.enter_context(seeding_clients(tmp_path_factory.mktemp("clients")))
        outcomes: dict[tuple[Case, str], queue.Queue[SearchOutcome]] = {}
        for way in WAYS:
            # In one engine the two hashes of a hybrid torrent would be found together.
            for by in ("v1", "v2"):
                engine = SearchEngine(config_for(f"70.1.{WAYS.index(way)}.{by[1]}", way))
                stack.callback(engine.close)
                for case in CASES:
                    if case.by == by:
                        outcomes[case, way] = queue.Queue()
                        engine.search(request_for(clients, case, way), 240, outcomes[case, way].put)
        yield World(clients, outcomes)
        del nodes


def config_for(host: str, way: str) -> Config:
    """Only this way leads to the seeder."""
    router = ("{}:{}".format(*ROUTER),)
    return Config(f"{host}:6881", bootstrap=router if way == "DHT" else (), trackers=())


def request_for(clients: SeedingClients, case: Case, way: str) -> SearchRequest:
    content = clients.contents[case.client, case.kind]
    request = SearchRequest(content.v1) if case.by == "v1" else SearchRequest(v2=content.v2)
    trackers = {"UDP tracker": (clients.tracker.udp,), "HTTP tracker": (clients.tracker.http,)}
    peers = (clients.addresses[case.client],) if way == "peer" else ()
    return replace(request, trackers=trackers.get(way, ()), peers=peers)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", [case for case in CASES if case.has_v2], ids=str)
def test_a_torrent_is_found_with_all_its_piece_layers(world: World, case: Case, way: str) -> None:
    assert is_same_torrent(*world.outcome(case, way))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", [case for case in CASES if not case.has_v2], ids=str)
def test_a_hybrid_torrent_of_a_v1_client_is_found_without_piece_layers(
    world: World, case: Case, way: str
) -> None:
    found, original = world.outcome(case, way)
    assert isinstance(found, FoundMetadata) and found.piece_layers is None
    assert found.info in original.torrent
