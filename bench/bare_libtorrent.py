"""libtorrent and nothing else, for comparison: a DHT lookup, a connection, the info dictionary."""

import select
import time
from collections.abc import Iterator, Sequence
from os import pipe, read, set_blocking
from typing import Any

import libtorrent as lt

from swarm.config import LIBTORRENT

_AGAIN = 1.0  # seconds between two lookups of what has not been found
_FLAGS = lt.torrent_flags.default_dont_download | lt.torrent_flags.disable_dht


class Bare:
    def __init__(self, listen: str, router: str) -> None:
        own = {
            "alert_mask": lt.alert_category.status | lt.alert_category.dht_operation,
            "listen_interfaces": listen,
            "outgoing_interfaces": listen.rpartition(":")[0],
            "dht_bootstrap_nodes": router,
        }
        self._ear, wake = pipe()
        set_blocking(self._ear, False)
        set_blocking(wake, False)
        settings: Any = LIBTORRENT | own  # the stubs know no plain dictionary
        self._session = lt.session(settings)
        self._session.set_alert_fd(wake)

    def fetch(self, hashes: Sequence[bytes], seconds: float) -> Iterator[float]:
        """How long each took, of those that came in time."""
        began, asked = time.perf_counter(), 0.0
        found: dict[bytes, lt.torrent_handle] = {}
        missing = set(hashes)
        while missing and time.perf_counter() - began < seconds:
            if time.perf_counter() - asked > _AGAIN:
                asked = time.perf_counter()
                for one in missing - found.keys():
                    self._session.dht_get_peers(lt.sha1_hash(one))
            for name in self._news(missing, found):
                missing.discard(name)
                yield time.perf_counter() - began
        for handle in found.values():
            self._session.remove_torrent(handle)

    def _news(self, missing: set[bytes], found: dict[bytes, lt.torrent_handle]) -> Iterator[bytes]:
        """Those whose info dictionary is there now."""
        for alert in self._alerts():
            if isinstance(alert, lt.dht_get_peers_reply_alert) and alert.num_peers():
                name = alert.info_hash.to_bytes()
                if name in missing and name not in found:
                    found[name] = self._add(alert)
            elif isinstance(alert, lt.metadata_received_alert) and alert.handle.torrent_file():
                yield alert.handle.info_hashes().v1.to_bytes()

    def _add(self, alert: lt.dht_get_peers_reply_alert) -> lt.torrent_handle:
        wanted = lt.add_torrent_params()
        wanted.info_hashes = lt.info_hash_t(alert.info_hash)
        wanted.save_path, wanted.flags, wanted.peers = "/dev/null", _FLAGS, alert.peers()
        handle: lt.torrent_handle = self._session.add_torrent(wanted)
        return handle

    def _alerts(self) -> list[lt.alert]:
        if select.select([self._ear], [], [], 0.2)[0]:
            read(self._ear, 65_536)
        alerts: list[lt.alert] = self._session.pop_alerts()
        return alerts
