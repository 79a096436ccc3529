"""A whole Internet on one machine: a network namespace in which every address is this machine and none leads out.

And BitTorrent in it: content, libtorrent peers that seed it, a DHT. Needs root, and `ip` (Debian: iproute2).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import libtorrent as lt

from tests.make import infohashes, noise

Address = tuple[str, int]

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET, sched.h
_PIECE = 16_384
_KINDS = {"v1": lt.create_torrent.v1_only, "hybrid": 0, "v2": lt.create_torrent.v2_only}

ROUTER: Address = ("8.0.0.1", 6881)
NODES: tuple[Address, ...] = tuple((f"{first}.1.0.1", 6881) for first in (12, 13, 14, 15, 16))


@dataclass(frozen=True)
class Content:
    """Files on disk, and the torrent that libtorrent makes of them."""

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
    """`kind`: v1, hybrid or v2; `size`: of the largest file. The last of the files needs no piece layer."""
    (folder / name).mkdir(parents=True)
    for number, length in enumerate((size, 90_000, 10)):
        (folder / name / f"{number}.bin").write_bytes(noise(length, f"{name} {number}".encode()))
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
                # A node that asks often is otherwise ignored for minutes, and here all asking comes from few.
                "dht_block_ratelimit": 100_000,
                "dht_upload_rate_limit": 1_000_000,
                "recv_socket_buffer_size": 2_000_000,
                "send_socket_buffer_size": 2_000_000,
                "connections_limit": 1000,
                "listen_queue_size": 1000,  # by itself 5: of a hundred who come at once some would wait a second
                "active_limit": -1,
                "active_seeds": -1,
                "active_dht_limit": -1,
            }
        )
        self.know(nodes)

    def know(self, nodes: Sequence[Address]) -> None:
        for node in nodes:
            self.session.add_dht_node(node)

    def seed(self, held: Content) -> None:
        adding = lt.load_torrent_buffer(held.torrent)
        adding.save_path = str(held.folder)
        adding.flags |= lt.torrent_flags.seed_mode
        adding.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        self.session.add_torrent(adding).force_dht_announce()

    def uploaded(self) -> int:
        """Bytes of content that it has sent to anybody."""
        return self._statistics()["net.sent_payload_bytes"]

    def acquaintances(self) -> int:
        """The nodes in its table."""
        return self._statistics()["dht.dht_nodes"]

    def _statistics(self) -> dict[str, int]:
        self.session.post_session_stats()
        while True:
            self.session.wait_for_alert(10_000)
            for alert in self.session.pop_alerts():
                if isinstance(alert, lt.session_stats_alert):
                    return alert.values

    def announce(self, infohash: bytes) -> None:
        self.session.dht_announce(lt.sha1_hash(infohash), self.address[1], 0)

    def finds(self, infohash: bytes, host: str, seconds: float) -> bool:
        """Whether the DHT, asked again and again for so long, names the host among those that have it."""
        self.session.apply_settings({"alert_mask": lt.alert_category.dht_operation})
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.session.dht_get_peers(lt.sha1_hash(infohash))
            time.sleep(0.5)
            replies = (
                each for each in self.session.pop_alerts() if isinstance(each, lt.dht_get_peers_reply_alert)
            )
            named = {
                peer
                for reply in replies
                if reply.info_hash.to_bytes() == infohash
                for peer, _ in reply.peers()
            }
            if host in named:
                return True
        return False


def start_dht(seconds: float = 60) -> list[Peer]:
    """A router and nodes that know each other, as far apart as DHT nodes have to be.

    A table that is empty at first may stay so: whoever asks its node learns nothing. So it is told again and
    again, until it knows all others.
    """
    peers = [Peer(address, NODES) for address in (ROUTER, *NODES)]
    deadline = time.monotonic() + seconds
    while min(peer.acquaintances() for peer in peers) < len(NODES) - 1:
        assert time.monotonic() < deadline, "the DHT's nodes do not find each other"
        for peer in peers:
            peer.know(NODES)
        time.sleep(0.05)
    return peers
