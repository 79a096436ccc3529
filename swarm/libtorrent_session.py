"""The only libtorrent. One session of it, in plain values: look up peers, fetch metadata, fetch piece layers.

Nothing is announced to the DHT (every torrent has it disabled; lookups are made here), nothing downloaded.
"""

import logging
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import libtorrent as lt

from swarm.address_filter import RESERVED, is_public
from swarm.config import LIBTORRENT, ON_LOOPBACK, Config

log = logging.getLogger(__name__)

Address = tuple[str, int]


# Events. A `target` is the 20 bytes by which swarm and DHT know a torrent: the v1 hash, or the beginning of the v2.


@dataclass(frozen=True, slots=True)
class PeersFound:
    target: bytes
    peers: list[Address]


@dataclass(frozen=True, slots=True)
class MetadataReceived:
    info: bytes
    has_v2: bool
    layers: int
    """Bytes of piece layers that its peers are to be asked for: of v2 files that are longer than a piece."""


@dataclass(frozen=True, slots=True)
class PieceLayersReceived:
    target: bytes
    layers: dict[bytes, bytes] | None
    """None: not all of them have come yet, or not all are true."""


@dataclass(frozen=True, slots=True)
class MetadataMismatch:
    """The peers' info dictionary is not what the hash says."""

    target: bytes


@dataclass(frozen=True, slots=True)
class MetadataUnusable:
    """The info dictionary is what the hash says, and libtorrent does not take it."""

    target: bytes
    why: str


@dataclass(frozen=True, slots=True)
class SessionStatistics:
    values: dict[str, int]


Event = (
    PeersFound
    | MetadataReceived
    | PieceLayersReceived
    | MetadataMismatch
    | MetadataUnusable
    | SessionStatistics
)

_ALERTS = (
    lt.alert_category.status
    | lt.alert_category.dht_operation
    | lt.alert_category.error
    | lt.alert_category.storage
)

_HASH = 32  # bytes
_MISMATCH = 30  # errors::mismatching_info_hash, libtorrent/error_code.hpp
_LAST_ANNOUNCES = 0.5  # seconds
_UNDECIDED = lt.peer_info.connecting | lt.peer_info.handshake

# Peers are not told of one another, neither by us nor by them (PEX): whom we try is ours to choose.
_FLAGS = (
    lt.torrent_flags.default_dont_download
    | lt.torrent_flags.apply_ip_filter
    | lt.torrent_flags.disable_dht
    | lt.torrent_flags.disable_lsd
    | lt.torrent_flags.disable_pex
)


class LibtorrentSession:
    """Not for several threads at once. Fetches one torrent a target."""

    def __init__(self, config: Config, wake: int) -> None:
        """`wake`: a file descriptor that is written to when there are events."""
        self._config = config
        self._handles: dict[bytes, lt.torrent_handle] = {}
        self._session = lt.session(self._params())
        self._session.set_alert_fd(wake)

    def lookup(self, target: bytes) -> None:
        self._session.dht_get_peers(lt.sha1_hash(target))

    def fetch(self, infohash: bytes, peers: Iterable[Address], trackers: Iterable[str]) -> None:
        self.drop(infohash[:20])
        wanted = lt.add_torrent_params()
        wanted.info_hashes = (
            lt.info_hash_t(lt.sha1_hash(infohash))
            if len(infohash) == 20
            else lt.info_hash_t(lt.sha256_hash(infohash))
        )
        wanted.save_path = os.devnull  # never written to
        wanted.flags = _FLAGS
        wanted.peers = list(self._allowed(peers))
        wanted.trackers = [tracker for tracker in trackers if _speakable(tracker)]
        with suppress(RuntimeError):
            self._handles[infohash[:20]] = self._session.add_torrent(wanted)

    def fetches(self, target: bytes) -> bool:
        return target in self._handles

    def connect(self, target: bytes, peers: Iterable[Address], at_once: bool) -> None:
        """By itself libtorrent turns to new peers once a second. `at_once` costs the connections it has."""
        handle = self._handles[target]
        with suppress(RuntimeError):
            for peer in self._allowed(peers):
                handle.connect_peer(peer)
            if at_once:
                handle.pause()
                handle.resume()

    def ask(self, target: bytes, trackers: Iterable[str]) -> None:
        handle = self._handles[target]
        with suppress(RuntimeError):
            for tracker in trackers:
                if _speakable(tracker):
                    handle.add_tracker({"url": tracker})

    def connected(self, target: bytes) -> set[Address]:
        """Peers that have shaken hands."""
        return {peer.ip for peer in self._peers(target) if not peer.flags & _UNDECIDED}

    def connecting(self, target: bytes) -> bool:
        """Some peer is there, or may be."""
        return bool(self._peers(target))

    def _peers(self, target: bytes) -> list[lt.peer_info]:
        if target in self._handles:
            with suppress(RuntimeError):
                return self._handles[target].get_peer_info()
        return []

    def ask_layers(self, target: bytes) -> None:
        if target in self._handles:
            with suppress(RuntimeError):
                self._handles[target].save_resume_data(lt.torrent_handle.save_info_dict)

    def drop(self, target: bytes) -> None:
        if handle := self._handles.pop(target, None):
            with suppress(RuntimeError):
                self._session.remove_torrent(handle)

    def ask_statistics(self) -> None:
        self._session.post_session_stats()

    def events(self) -> Iterator[Event]:
        for alert in self._session.pop_alerts():
            with suppress(RuntimeError):  # the torrent may be gone
                if event := _event(alert):
                    yield event

    def keep(self) -> None:
        """Write the DHT table down, if the disk takes it."""
        if (path := self._config.state) is None:
            return
        state = self._session.session_state(lt.save_state_flags_t.save_dht_state)
        beside = path.with_name(f"{path.name}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(lt.write_session_params_buf(state, lt.save_state_flags_t.save_dht_state))
            beside.replace(path)
        except OSError as error:
            log.warning("the DHT table cannot be kept in %s: %s", path, error)

    def close(self) -> None:
        """Waits for what libtorrent still has to tell the trackers, two seconds and a half at most."""
        for target in list(self._handles):
            self.drop(target)
        # What it has not begun to send by then may be lost: on a busy machine 2 of 12, after this pause 0 of 23.
        time.sleep(_LAST_ANNOUNCES)
        del self._session

    def _params(self) -> lt.session_params:
        config = self._config
        params = lt.session_params()
        if config.state and config.state.exists():
            try:
                params = lt.read_session_params(config.state.read_bytes())
            except (RuntimeError, OSError) as error:
                log.warning("the DHT table in %s is not readable, starting without: %s", config.state, error)
        hosts = [listen.rpartition(":")[0].strip("[]") for listen in config.listen.split(",")]
        own = [host for host in hosts if host not in {"0.0.0.0", "::"}]  # noqa: S104
        # libtorrent takes them in turn, be the peer's address of the same kind or not.
        one_kind = len({":" in host for host in hosts}) == 1
        # Set later, it would come after the DHT's first words.
        if not config.allow_private:
            params.ip_filter = create_ip_filter()
        params.settings = cast(
            "lt.settings_pack",  # in the stubs alone
            LIBTORRENT
            | (ON_LOOPBACK if config.allow_private else {})
            | {
                "alert_mask": _ALERTS,
                "listen_interfaces": config.listen,
                # What listens on one address must speak from it too.
                "outgoing_interfaces": ",".join(own) if one_kind else "",
                "dht_bootstrap_nodes": ",".join(config.bootstrap),
                "max_metadata_size": config.max_metadata,
                # 150 bytes can name two million pieces, for which libtorrent takes 15 MB. Of v1 the hash of a piece
                # has 20 bytes, of v2 it has more.
                "max_piece_count": config.max_torrent // 20,
            },
        )
        return params

    def _allowed(self, peers: Iterable[Address]) -> Iterator[Address]:
        for host, port in peers:
            if 0 < port < 65536 and (is_public(host) or self._config.allow_private):
                yield host, port


def _event(alert: lt.alert) -> Event | None:
    match alert:
        case lt.dht_get_peers_reply_alert():
            return PeersFound(alert.info_hash.to_bytes(), alert.peers())
        case lt.metadata_received_alert():
            info = alert.handle.torrent_file()
            return _metadata(info) if info else None
        case lt.torrent_conflict_alert():
            return _metadata(alert.metadata)  # a hybrid looked for by both its hashes
        case lt.metadata_failed_alert():
            target = _target(alert.handle.info_hashes())
            wrong = alert.error.value() == _MISMATCH
            return MetadataMismatch(target) if wrong else MetadataUnusable(target, alert.error.message())
        case lt.save_resume_data_alert():
            return PieceLayersReceived(_target(alert.params.info_hashes), _layers(alert.params))
        case lt.save_resume_data_failed_alert():
            return PieceLayersReceived(_target(alert.handle.info_hashes()), None)
        case lt.session_stats_alert():
            return SessionStatistics(alert.values)
    return None


def _target(hashes: lt.info_hash_t) -> bytes:
    return hashes.v2.to_bytes()[:20] if hashes.has_v2() else hashes.v1.to_bytes()


def _metadata(info: lt.torrent_info) -> MetadataReceived:
    has_v2 = info.info_hashes().has_v2()
    return MetadataReceived(info.info_section(), has_v2, _size_of_layers(info) if has_v2 else 0)


def _size_of_layers(info: lt.torrent_info) -> int:
    files, piece_length = info.layout(), info.piece_length()
    sizes = [
        files.file_size(number)
        for number in range(files.num_files())
        if not files.file_flags(number) & lt.file_flags_t.flag_pad_file
    ]
    return sum(-(-size // piece_length) * _HASH for size in sizes if size > piece_length)


def _layers(params: lt.add_torrent_params) -> dict[bytes, bytes] | None:
    try:
        whole = cast(dict[bytes, dict[bytes, bytes]], lt.write_torrent_file(params))
        # One peer's false layer beside a true one of another is in there too (libtorrent 2.1.1), but not read again.
        lt.torrent_info(cast("lt.TorrentFileDict", whole))  # in the stubs alone
    except RuntimeError:  # one is missing, or false
        return None
    return whole.get(b"piece layers")


def _speakable(tracker: str) -> bool:
    """Its address is checked by libtorrent's filter once the name is resolved."""
    try:
        return urlsplit(tracker).scheme in {"http", "https", "udp"}
    except ValueError:
        return False


def create_ip_filter() -> lt.ip_filter:
    addresses = lt.ip_filter()
    for network in RESERVED:
        addresses.add_rule(str(network.network_address), str(network.broadcast_address), 1)
    return addresses
