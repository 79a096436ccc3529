"""One libtorrent session in plain values: looks up peers in the DHT, fetches metadata and piece layers.

This is the only module that imports libtorrent. No torrent is announced to the DHT (it is disabled for each torrent,
and lookups are requested here), and no content is downloaded.

    the owner's thread                                       libtorrent's threads
    add_torrent, connect_peers, request_…  -- commands -->   DHT, peers, trackers
                                                                 | an alert is queued
    the wake pipe becomes readable         <-- a byte ----------+
    pop_events                             <-- pop_alerts ------+
"""

import logging
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import libtorrent as lt

from metainfo.announce_url import clean_announce_url
from swarm.address_filter import RESERVED, is_public
from swarm.config import Config
from swarm.libtorrent_settings import LIBTORRENT_SETTINGS, LOOPBACK_SETTINGS
from swarm.search_request import PeerAddress
from swarm.session_event_types import (
    MetadataMismatch,
    MetadataReceived,
    MetadataUnusable,
    PeersFound,
    PieceLayersReceived,
    SessionEvent,
    SessionStatistics,
)

log = logging.getLogger(__name__)

_ALERT_MASK = (
    lt.alert_category.status
    | lt.alert_category.dht_operation
    | lt.alert_category.error
    | lt.alert_category.storage
)

_SHA256_BYTES = 32
_MISMATCHING_INFO_HASH = 30  # errors::mismatching_info_hash, libtorrent/error_code.hpp
_LAST_ANNOUNCES_SECONDS = 0.5
_NOT_YET_CONNECTED = lt.peer_info.connecting | lt.peer_info.handshake

# Peer exchange (PEX) is off in both directions: which peers are tried is decided here, and peers learn of no others.
_TORRENT_FLAGS = (
    lt.torrent_flags.default_dont_download
    | lt.torrent_flags.apply_ip_filter
    | lt.torrent_flags.disable_dht
    | lt.torrent_flags.disable_lsd
    | lt.torrent_flags.disable_pex
)


class LibtorrentSession:
    """Not thread-safe: one thread or event loop owns it. Holds at most one torrent for each target.

    Commands for a torrent that libtorrent has already removed do nothing. Private addresses are left out of all
    peers, unless the configuration allows them.
    """

    def __init__(self, config: Config, wake_fd: int) -> None:
        """`wake_fd`: libtorrent writes a byte to this file descriptor when there are events."""
        self._config = config
        self._torrents: dict[bytes, lt.torrent_handle] = {}
        self._session = lt.session(_session_params(config))
        self._session.set_alert_fd(wake_fd)

    def request_dht_peers(self, target: bytes) -> None:
        """Start a lookup; each node that answers causes a PeersFound."""
        self._session.dht_get_peers(lt.sha1_hash(target))

    def add_torrent(self, infohash: bytes, peers: Iterable[PeerAddress], trackers: Iterable[str]) -> None:
        """Begin to fetch metadata from these peers and from those that the trackers name.

        `infohash`: 20 bytes are taken for a v1 hash, 32 for a v2. Replaces the torrent of the same target.
        """
        self.remove_torrent(infohash[:20])
        params = lt.add_torrent_params()
        params.info_hashes = (
            lt.info_hash_t(lt.sha1_hash(infohash))
            if len(infohash) == 20
            else lt.info_hash_t(lt.sha256_hash(infohash))
        )
        params.save_path = os.devnull  # never written to
        params.flags = _TORRENT_FLAGS
        params.peers = list(self._allowed_peers(peers))
        params.trackers = list(dict.fromkeys(filter(None, map(clean_announce_url, trackers))))
        with suppress(RuntimeError):
            self._torrents[infohash[:20]] = self._session.add_torrent(params)

    def has_torrent(self, target: bytes) -> bool:
        return target in self._torrents

    def connect_peers(self, target: bytes, peers: Iterable[PeerAddress], *, now: bool) -> None:
        """Add peers to a torrent. libtorrent connects to new ones once a second.

        `now`: connect immediately, at the cost of the connections that the torrent has.
        """
        torrent = self._torrents[target]
        with suppress(RuntimeError):
            for peer in self._allowed_peers(peers):
                torrent.connect_peer(peer)
            if now:
                torrent.pause()
                torrent.resume()

    def add_trackers(self, target: bytes, trackers: Iterable[str]) -> None:
        torrent = self._torrents[target]
        with suppress(RuntimeError):
            for tracker in trackers:
                if url := clean_announce_url(tracker):
                    torrent.add_tracker({"url": url})

    def connected_peers(self, target: bytes) -> set[PeerAddress]:
        """Peers that have completed the handshake. Waits for libtorrent's thread, which may be busy."""
        return {peer.ip for peer in self._peer_infos(target) if not peer.flags & _NOT_YET_CONNECTED}

    def has_peers(self, target: bytes) -> bool:
        """Whether a peer is connected, or a connection is being made. Waits for libtorrent's thread."""
        return bool(self._peer_infos(target))

    def request_piece_layers(self, target: bytes) -> None:
        """Ask what piece layers have come so far; causes a PieceLayersReceived."""
        if target in self._torrents:
            with suppress(RuntimeError):
                self._torrents[target].save_resume_data(lt.torrent_handle.save_info_dict)

    def remove_torrent(self, target: bytes) -> None:
        if torrent := self._torrents.pop(target, None):
            with suppress(RuntimeError):
                self._session.remove_torrent(torrent)

    def request_statistics(self) -> None:
        """Causes a SessionStatistics."""
        self._session.post_session_stats()

    def pop_events(self) -> Iterator[SessionEvent]:
        """All that has happened since the last call, oldest first. Does not wait."""
        for alert in self._session.pop_alerts():
            event = None
            with suppress(RuntimeError):  # the alert's torrent may have been removed meanwhile
                event = _event_of(alert)
            if event:
                yield event

    def save_dht_state(self) -> None:
        """Write the DHT's table of nodes to the file of the configuration; logs a warning where that fails."""
        if (path := self._config.dht_state) is None:
            return
        state = self._session.session_state(lt.save_state_flags_t.save_dht_state)
        new_file = path.with_name(f"{path.name}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            new_file.write_bytes(lt.write_session_params_buf(state, lt.save_state_flags_t.save_dht_state))
            new_file.replace(path)
        except OSError as error:
            log.warning("the DHT table cannot be kept in %s: %s", path, error)

    def close(self) -> None:
        """Remove all torrents. Waits up to 2.5 s while libtorrent announces `stopped` to their trackers."""
        for target in list(self._torrents):
            self.remove_torrent(target)
        # What libtorrent has not begun to send when the session is deleted may be lost: on a busy machine 2 of 12
        # announces, after this pause 0 of 23.
        time.sleep(_LAST_ANNOUNCES_SECONDS)
        del self._session

    def _peer_infos(self, target: bytes) -> list[lt.peer_info]:
        if target in self._torrents:
            with suppress(RuntimeError):
                return self._torrents[target].get_peer_info()
        return []

    def _allowed_peers(self, peers: Iterable[PeerAddress]) -> Iterator[PeerAddress]:
        for host, port in peers:
            if 0 < port < 65536 and (is_public(host) or self._config.allow_private):
                yield host, port


def create_ip_filter() -> lt.ip_filter:
    """A filter that blocks every reserved network."""
    ip_filter = lt.ip_filter()
    for network in RESERVED:
        ip_filter.add_rule(str(network.network_address), str(network.broadcast_address), 1)
    return ip_filter


def _session_params(config: Config) -> lt.session_params:
    params = _load_dht_state(config.dht_state)
    # A filter that is set after the session has started comes after the DHT's first packets.
    if not config.allow_private:
        params.ip_filter = create_ip_filter()
    own_settings = {
        "alert_mask": _ALERT_MASK,
        "listen_interfaces": config.listen,
        "outgoing_interfaces": _outgoing_interfaces(config.listen),
        "dht_bootstrap_nodes": ",".join(config.bootstrap),
        "max_metadata_size": config.max_metadata_bytes,
        # 150 bytes of metadata can claim two million pieces, for which libtorrent allocates 15 MB. The hash of a
        # piece has 20 bytes in v1 and more in v2.
        "max_piece_count": config.max_torrent_bytes // 20,
    }
    settings = LIBTORRENT_SETTINGS | (LOOPBACK_SETTINGS if config.allow_private else {}) | own_settings
    params.settings = cast("lt.settings_pack", settings)  # a type that only libtorrent's stubs have
    return params


def _load_dht_state(path: Path | None) -> lt.session_params:
    if path and path.exists():
        try:
            return lt.read_session_params(path.read_bytes())
        except (RuntimeError, OSError) as error:
            log.warning("the DHT table in %s is not readable, starting without: %s", path, error)
    return lt.session_params()


def _outgoing_interfaces(listen: str) -> str:
    """A session that listens on one address has to send from it too.

    Empty if it listens on IPv4 and on IPv6: libtorrent takes outgoing interfaces in turn, even for a peer of the
    other address family.
    """
    hosts = [interface.rpartition(":")[0].strip("[]") for interface in listen.split(",")]
    if len({":" in host for host in hosts}) > 1:
        return ""
    return ",".join(host for host in hosts if host not in {"0.0.0.0", "::"})  # noqa: S104


def _event_of(alert: lt.alert) -> SessionEvent | None:
    match alert:
        case lt.dht_get_peers_reply_alert():
            return PeersFound(alert.info_hash.to_bytes(), alert.peers())
        case lt.metadata_received_alert():
            info = alert.handle.torrent_file()
            return _metadata_received(info) if info else None
        case lt.torrent_conflict_alert():  # a hybrid torrent that is searched for by both its hashes
            return _metadata_received(alert.metadata)
        case lt.metadata_failed_alert():
            target = _target_of(alert.handle.info_hashes())
            is_mismatch = alert.error.value() == _MISMATCHING_INFO_HASH
            return (
                MetadataMismatch(target) if is_mismatch else MetadataUnusable(target, alert.error.message())
            )
        case lt.save_resume_data_alert():
            return PieceLayersReceived(_target_of(alert.params.info_hashes), _piece_layers(alert.params))
        case lt.save_resume_data_failed_alert():
            return PieceLayersReceived(_target_of(alert.handle.info_hashes()), None)
        case lt.session_stats_alert():
            return SessionStatistics(alert.values)
    return None


def _target_of(infohashes: lt.info_hash_t) -> bytes:
    return infohashes.v2.to_bytes()[:20] if infohashes.has_v2() else infohashes.v1.to_bytes()


def _metadata_received(info: lt.torrent_info) -> MetadataReceived:
    has_v2 = info.info_hashes().has_v2()
    return MetadataReceived(info.info_section(), has_v2, _piece_layers_size(info) if has_v2 else 0)


def _piece_layers_size(info: lt.torrent_info) -> int:
    files, piece_length = info.layout(), info.piece_length()
    sizes = [
        files.file_size(number)
        for number in range(files.num_files())
        if not files.file_flags(number) & lt.file_flags_t.flag_pad_file
    ]
    return sum(-(-size // piece_length) * _SHA256_BYTES for size in sizes if size > piece_length)


def _piece_layers(params: lt.add_torrent_params) -> dict[bytes, bytes] | None:
    """None where one is missing or false."""
    try:
        torrent = cast(dict[bytes, dict[bytes, bytes]], lt.write_torrent_file(params))
        # Reading the file again verifies it: libtorrent 2.1.1 also writes a false layer that one peer sent beside a
        # true one of another.
        lt.torrent_info(cast("lt.TorrentFileDict", torrent))  # a type that only libtorrent's stubs have
    except RuntimeError:
        return None
    return torrent.get(b"piece layers")
