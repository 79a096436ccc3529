"""Torrents fetched from clients of other makes, each found in four ways, on an Internet of our own."""

import queue
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

import pytest

from swarm import Config, Found, Session, Wish
from tests.servers.seeders import Seeder, aria2, deluge, qbittorrent, rtorrent, transmission
from tests.servers.swarm import ROUTER, Address, Content, Peer, content, dht, internet
from tests.servers.trackers import Tracker, http_tracker, udp_tracker
from tests.test_swarm import find, same

SEEDED: dict[str, tuple[Seeder, str]] = {
    "aria2": (aria2, "v1"),
    "deluge": (deluge, "v1"),
    "rtorrent": (rtorrent, "v1"),
    "transmission": (transmission, "v1"),
    "qbittorrent": (qbittorrent, "v1"),
    "qbittorrent hybrid": (qbittorrent, "hybrid"),
    "qbittorrent v2": (qbittorrent, "v2"),
}

CASES = [
    *((name, "v1") for name, (_, kind) in SEEDED.items() if kind != "v2"),
    *((name, "v2") for name, (_, kind) in SEEDED.items() if kind != "v1"),
]


class World(NamedTuple):
    seeded: dict[str, tuple[Content, Address]]
    udp: Tracker
    http: Tracker
    nodes: list[Peer]
    session: Session
    by_dht: dict[tuple[str, str], queue.Queue[Found | None]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All clients at once, since some take their time before they tell the DHT."""
    with internet(), ExitStack() as stack:
        nodes = dht()
        known: dict[bytes, list[Address]] = {}
        udp = stack.enter_context(udp_tracker(("81.1.0.1", 6969), known))
        http = stack.enter_context(http_tracker(("81.1.0.1", 6969), known))
        seeded = {}
        for number, (name, (start, kind)) in enumerate(SEEDED.items()):
            home = tmp_path_factory.mktemp(start.__name__)
            held = content(home / "content", name, kind, [udp.url, http.url])
            seeded[name] = held, stack.enter_context(start(home, held, f"{90 + number}.1.0.1"))
        session, dht_alone = (Session(config(host)) for host in ("70.1.0.1", "71.1.0.1"))
        stack.callback(session.close)
        stack.callback(dht_alone.close)
        by_dht: dict[tuple[str, str], queue.Queue[Found | None]] = {case: queue.Queue() for case in CASES}
        for (name, by), answers in by_dht.items():
            dht_alone.search(wish(seeded[name][0], by), 240, answers.put)
        yield World(seeded, udp, http, nodes, session, by_dht)


def config(host: str) -> Config:
    return Config(f"{host}:6881", bootstrap=("{}:{}".format(*ROUTER),), trackers=())


def wish(held: Content, by: str) -> Wish:
    return Wish(held.v1) if by == "v1" else Wish(v2=held.v2)


@pytest.mark.parametrize("way", ["peer", "UDP tracker", "HTTP tracker"])
@pytest.mark.parametrize(("name", "by"), CASES)
def test_a_torrent_is_fetched_whole(world: World, name: str, by: str, way: str) -> None:
    held, address = world.seeded[name]
    trackers = {"UDP tracker": (world.udp.url,), "HTTP tracker": (world.http.url,)}.get(way, ())
    peers = (address,) if way == "peer" else ()
    assert same(
        find(world.session, replace(wish(held, by), trackers=trackers, peers=peers), seconds=120), held
    )


@pytest.mark.parametrize(("name", "by"), CASES)
def test_a_torrent_is_found_in_the_dht_and_fetched_whole(world: World, name: str, by: str) -> None:
    """Asked for from the beginning: some clients tell the DHT only after a minute."""
    assert same(world.by_dht[name, by].get(timeout=300), world.seeded[name][0])
