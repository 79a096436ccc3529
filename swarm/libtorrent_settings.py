"""Settings of a libtorrent session, with the reason or the measurement behind each.

Measured in a network namespace, see bench/resolve.py. What counts in a real swarm is how soon dead peers are given
up: with 150 of them beside a live one libtorrent's defaults need 5 s, these need less than 1 s.
"""

LIBTORRENT_SETTINGS = {
    "alert_queue_size": 50_000,
    "user_agent": "Hashkeep",
    "connection_speed": 500,
    "torrent_connect_boost": 200,
    "connections_limit": 4000,
    "peer_connect_timeout": 4,
    "handshake_timeout": 5,
    # By default libtorrent takes two peers at one address for one, at the port that was named last. That port may be
    # wrong: qBittorrent has been seen to announce a wrong one to the DHT.
    "allow_multiple_connections_per_ip": True,
    "min_reconnect_time": 1,
    # Some clients (Transmission) refuse a connection for a while because they take an earlier one for still open.
    "max_failcount": 20,
    # uTP is tried before TCP, so each dead peer would cost its timeout twice; and uTP has a tail of seconds.
    "enable_outgoing_utp": False,
    # There is nothing to get from this session: it accepts no peer, and announces port 1 to trackers. Announcing is
    # the only way to ask a tracker for peers; so the announce leads nowhere, and `stopped` follows when the search
    # ends.
    "enable_incoming_tcp": False,
    "enable_incoming_utp": False,
    "announce_port": 1,
    "announce_to_all_trackers": True,
    "announce_to_all_tiers": True,
    "tracker_completion_timeout": 10,
    "tracker_receive_timeout": 5,
    "stop_tracker_timeout": 2,
    # By default a peer is disconnected as soon as the metadata is complete, and the piece layers never come.
    "close_redundant_connections": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "webtorrent_stun_server": "",
    # With small buffers a hundred simultaneous lookups lose answers, and each loss costs a second.
    "recv_socket_buffer_size": 2_000_000,
    "send_socket_buffer_size": 2_000_000,
    "dht_upload_rate_limit": 500_000,
    "dht_search_branching": 10,
    # By default libtorrent ignores a node for five minutes if it sends more than five packets a second, even answers
    # to libtorrent's own queries: of a hundred simultaneous lookups sixty then find nothing.
    "dht_block_ratelimit": 1000,
    "aio_threads": 1,
    "hashing_threads": 1,
}

LOOPBACK_SETTINGS = {
    "ssrf_mitigation": False,
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "dht_ignore_dark_internet": False,
    "dht_prefer_verified_node_ids": False,
    "dht_enforce_node_id": False,
}
"""In addition, where private addresses may be contacted: libtorrent mistrusts them by default."""
