"""libtorrent without any code of ours, for comparison: a DHT lookup, a connection, the info dictionary."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import libtorrent as lt

from swarm.libtorrent_settings import LIBTORRENT_SETTINGS
from swarm.wake_pipe import WakePipe

_LOOKUP_GAP = 1.0  # seconds between two lookups of a torrent that has not been found
_POLL_SECONDS = 0.2
_FLAGS = lt.torrent_flags.default_dont_download | lt.torrent_flags.disable_dht


class BareLibtorrent:
    """`listen` and `router`: `host:port`, the latter of a node by which the DHT is entered."""

    def __init__(self, listen: str, router: str) -> None:
        own = {
            "alert_mask": lt.alert_category.status | lt.alert_category.dht_operation,
            "listen_interfaces": listen,
            "outgoing_interfaces": listen.rpartition(":")[0],
            "dht_bootstrap_nodes": router,
        }
        self._wake_pipe = WakePipe()
        settings: Any = LIBTORRENT_SETTINGS | own  # libtorrent's stubs do not know plain dictionaries
        self._session = lt.session(settings)
        self._session.set_alert_fd(self._wake_pipe.write_end)

    def fetch(self, infohashes: Sequence[bytes], seconds: float) -> Iterator[float]:
        """Seconds that each fetch took, of those that ended in time."""
        began, looked_up = time.perf_counter(), 0.0
        torrents: dict[bytes, lt.torrent_handle] = {}
        missing = set(infohashes)
        while missing and time.perf_counter() - began < seconds:
            if time.perf_counter() - looked_up > _LOOKUP_GAP:
                looked_up = time.perf_counter()
                for infohash in missing - torrents.keys():
                    self._session.dht_get_peers(lt.sha1_hash(infohash))
            for infohash in self._read_alerts(missing, torrents):
                missing.discard(infohash)
                yield time.perf_counter() - began
        for torrent in torrents.values():
            self._session.remove_torrent(torrent)

    def _read_alerts(self, missing: set[bytes], torrents: dict[bytes, lt.torrent_handle]) -> Iterator[bytes]:
        """The infohashes whose metadata has arrived. Adds a torrent for each that peers were found for."""
        self._wake_pipe.wait(_POLL_SECONDS)
        for alert in self._session.pop_alerts():
            if isinstance(alert, lt.dht_get_peers_reply_alert) and alert.num_peers():
                infohash = alert.info_hash.to_bytes()
                if infohash in missing and infohash not in torrents:
                    torrents[infohash] = self._add_torrent(alert)
            elif isinstance(alert, lt.metadata_received_alert) and alert.handle.torrent_file():
                yield alert.handle.info_hashes().v1.to_bytes()

    def _add_torrent(self, alert: lt.dht_get_peers_reply_alert) -> lt.torrent_handle:
        params = lt.add_torrent_params()
        params.info_hashes = lt.info_hash_t(alert.info_hash)
        params.save_path, params.flags, params.peers = "/dev/null", _FLAGS, alert.peers()
        torrent: lt.torrent_handle = self._session.add_torrent(params)
        return torrent
