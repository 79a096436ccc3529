"""A BitTorrent network in a namespace: DHT nodes, and a peer that seeds a torrent of each kind."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.servers.libtorrent_peers import Address, Content, Peer, create_content, start_dht
from tests.servers.network_namespace import network_namespace

SEEDER: Address = ("44.1.0.1", 6881)
ENGINE: Address = ("70.1.0.1", 6881)
UNKNOWN_INFOHASH = b"\x5a" * 20


class SeededNetwork(NamedTuple):
    v1: Content
    hybrid: Content
    v2: Content
    nodes: list[Peer]
    seeder: Peer


@contextmanager
def seeded_network(folder: Path) -> Iterator[SeededNetwork]:
    with network_namespace():
        nodes = start_dht()
        seeder = Peer(SEEDER, [node.address for node in nodes[1:]])
        v1, hybrid, v2 = [create_content(folder, kind, kind) for kind in ("v1", "hybrid", "v2")]
        for content in (v1, hybrid, v2):
            seeder.seed(content)
        # libtorrent's own announce may come half a minute later; and the first ones reach no node.
        for _ in range(6):
            for target in (v1.v1, hybrid.v1, hybrid.v2[:20], v2.v2[:20]):
                seeder.announce(target)
            time.sleep(0.5)
        yield SeededNetwork(v1, hybrid, v2, nodes, seeder)
