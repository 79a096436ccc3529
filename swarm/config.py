"""How the network is entered: what an operator chooses, and what is best for libtorrent."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Config:
    listen: str = "0.0.0.0:6881"  # noqa: S104
    allow_private: bool = False
    """Only for tests on loopback."""
    bootstrap: tuple[str, ...] = ()
    """`host:port` of nodes that lead into the DHT."""
    trackers: tuple[str, ...] = ()
    """Asked about every wish that the DHT does not meet within a second."""
    state: Path | None = None
    """The DHT table is kept here across restarts."""
    max_metadata: int = 32_000_000
    max_torrent: int = 32_000_000
    """Piece layers that would make more than this of a torrent are not asked for."""


# Measured in a namespace of its own, see bench/resolve.py. What counts in a real swarm is how soon dead peers are
# given up: with 150 of them beside a live one the defaults need 5 s, these need below one.
LIBTORRENT = {
    "alert_queue_size": 50_000,
    "user_agent": "Hashkeep",
    "connection_speed": 500,
    "torrent_connect_boost": 200,
    "connections_limit": 4000,
    "peer_connect_timeout": 4,
    "handshake_timeout": 5,
    # Otherwise two peers at one address are one to libtorrent, and the last port that anybody named is its port:
    # qBittorrent itself has been seen to tell the DHT a wrong one.
    "allow_multiple_connections_per_ip": True,
    "min_reconnect_time": 1,
    # Some refuse us for a while because they believe that we are still connected (Transmission).
    "max_failcount": 20,
    # uTP first would cost each dead peer's time twice, and has a tail of seconds.
    "enable_outgoing_utp": False,
    # Nobody finds anything here: no peer may come in, and trackers are told port 1. Asking a tracker is
    # announcing, there is no other way; so the announce leads nowhere, and `stopped` follows when the search ends.
    "enable_incoming_tcp": False,
    "enable_incoming_utp": False,
    "announce_port": 1,
    "announce_to_all_trackers": True,
    "announce_to_all_tiers": True,
    "tracker_completion_timeout": 10,
    "tracker_receive_timeout": 5,
    "stop_tracker_timeout": 2,
    # Otherwise a peer is dropped as soon as the metadata is there, and the piece layers never come.
    "close_redundant_connections": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "webtorrent_stun_server": "",
    # A hundred lookups at once lose answers in small buffers, and each loss costs a second.
    "recv_socket_buffer_size": 2_000_000,
    "send_socket_buffer_size": 2_000_000,
    "dht_upload_rate_limit": 500_000,
    "dht_search_branching": 10,
    # At five packets a second libtorrent ignores a node for five minutes, answers to our own questions
    # included: of a hundred lookups at once sixty then find nothing.
    "dht_block_ratelimit": 1000,
    "aio_threads": 1,
    "hashing_threads": 1,
}

ON_LOOPBACK = {
    "ssrf_mitigation": False,
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "dht_ignore_dark_internet": False,
    "dht_prefer_verified_node_ids": False,
    "dht_enforce_node_id": False,
}
