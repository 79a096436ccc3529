"""libtorrent peers for tests: content that they seed, and a DHT of their nodes, in a network namespace."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import libtorrent as lt

from tests.make import infohashes, random_bytes

Address = tuple[str, int]

_PIECE = 16_384
_KINDS = {"v1": lt.create_torrent.v1_only, "hybrid": 0, "v2": lt.create_torrent.v2_only}

ROUTER: Address = ("8.0.0.1", 6881)
NODES: tuple[Address, ...] = tuple((f"{first}.1.0.1", 6881) for first in (12, 13, 14, 15, 16))


@dataclass(frozen=True)
class Content:
    """Files on disk, and the torrent that libtorrent made of them."""

    folder: Path
    name: str
    torrent: bytes

    @property
    def v1(self) -> bytes:
        return infohashes(self.torrent)[0]

    @property
    def v2(self) -> bytes:
        return infohashes(self.torrent)[1]


def create_content(
    folder: Path, name: str, kind: str, trackers: Sequence[str] = (), *, size: int = 200_000
) -> Content:
    """Three files, of which the last needs no piece layer. `kind`: v1, hybrid or v2; `size`: of the largest file."""
    (folder / name).mkdir(parents=True)
    for number, length in enumerate((size, 90_000, 10)):
        (folder / name / f"{number}.bin").write_bytes(random_bytes(length, f"{name} {number}".encode()))
    made = lt.create_torrent(lt.list_files(str(folder / name)), _PIECE, _KINDS[kind])
    lt.set_piece_hashes(made, str(folder))
    for tier, tracker in enumerate(trackers):
        made.add_tracker(tracker, tier)
    for node in NODES:
        made.add_node(*node)
    return Content(folder, name, bytes(lt.bencode(made.generate())))


class Peer:
    """A libtorrent session at one address, in the DHT if there is one."""

    def __init__(self, address: Address, nodes: Sequence[Address] = ()) -> None:
        self.address = address
        self.session = lt.session(
            {
                "listen_interfaces": "{}:{}".format(*address),
                "outgoing_interfaces": address[0],
                "enable_lsd": False,
                "enable_upnp": False,
                "enable_natpmp": False,
                "webtorrent_stun_server": "",
                "dht_bootstrap_nodes": "{}:{}".format(*ROUTER) if nodes else "",
                "enable_dht": bool(nodes),
                "dht_announce_interval": 30,
                # By default a node that sends many queries is ignored for minutes, and here few nodes send them all.
                "dht_block_ratelimit": 100_000,
                "dht_upload_rate_limit": 1_000_000,
                "recv_socket_buffer_size": 2_000_000,
                "send_socket_buffer_size": 2_000_000,
                "connections_limit": 1000,
                "listen_queue_size": 1000,  # default 5: of a hundred connections at once some would wait a second
                "active_limit": -1,
                "active_seeds": -1,
                "active_dht_limit": -1,
            }
        )
        self.add_nodes(nodes)

    def add_nodes(self, nodes: Sequence[Address]) -> None:
        for node in nodes:
            self.session.add_dht_node(node)

    def seed(self, content: Content) -> None:
        params = lt.load_torrent_buffer(content.torrent)
        params.save_path = str(content.folder)
        params.flags |= lt.torrent_flags.seed_mode
        params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        self.session.add_torrent(params).force_dht_announce()

    def count_uploaded_bytes(self) -> int:
        """Bytes of content that it has sent to all peers together."""
        return self._read_statistics()["net.sent_payload_bytes"]

    def count_nodes(self) -> int:
        """Nodes in its DHT table."""
        return self._read_statistics()["dht.dht_nodes"]

    def _read_statistics(self) -> dict[str, int]:
        self.session.post_session_stats()
        while True:
            self.session.wait_for_alert(10_000)
            for alert in self.session.pop_alerts():
                if isinstance(alert, lt.session_stats_alert):
                    return alert.values

    def announce(self, infohash: bytes) -> None:
        self.session.dht_announce(lt.sha1_hash(infohash), self.address[1], 0)

    def finds_peer(self, infohash: bytes, host: str, seconds: float) -> bool:
        """Whether DHT lookups, repeated for so many seconds, find the host among the torrent's peers."""
        self.session.apply_settings({"alert_mask": lt.alert_category.dht_operation})
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.session.dht_get_peers(lt.sha1_hash(infohash))
            time.sleep(0.5)
            replies = (
                alert
                for alert in self.session.pop_alerts()
                if isinstance(alert, lt.dht_get_peers_reply_alert)
            )
            found = {
                peer
                for reply in replies
                if reply.info_hash.to_bytes() == infohash
                for peer, _ in reply.peers()
            }
            if host in found:
                return True
        return False


def start_dht(seconds: float = 60) -> list[Peer]:
    """A router and nodes that know each other, at addresses as different as DHT nodes must have.

    A node whose table is empty may stay alone, since others learn of no node from it. So the nodes are added again
    and again, until each knows all others.
    """
    peers = [Peer(address, NODES) for address in (ROUTER, *NODES)]
    deadline = time.monotonic() + seconds
    while min(peer.count_nodes() for peer in peers) < len(NODES) - 1:
        assert time.monotonic() < deadline, "the DHT nodes do not find each other"
        for peer in peers:
            peer.add_nodes(NODES)
        time.sleep(0.05)
    return peers
