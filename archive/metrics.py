"""The counters of the archive for Prometheus; `archive.monitoring.prometheus` renders them.

Each process counts for itself, in files of the folder that FOLDER_VARIABLE names, and a scrape adds them up.
"""

import os
import threading
import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # in the environment; `serve` sets it for all its processes

_SECONDS = (0.03, 0.1, 0.3, 1, 3, 10, 30, 60)

deposits = Counter(
    "hashkeep_deposits",
    "Torrents that were deposited, by entry point (label door) and outcome.",
    ["door", "outcome"],
    registry=None,
)
retrievals = Counter(
    "hashkeep_retrievals",
    "Requests for the bytes of a torrent, by outcome.",
    ["outcome"],
    registry=None,
)
searches = Histogram(
    "hashkeep_search_seconds",
    "Searches of the BitTorrent network, by outcome.",
    ["outcome"],
    buckets=_SECONDS,
    registry=None,
)
failures = Counter(
    "hashkeep_failures",
    "Times that the database or the storage failed a request.",
    ["part"],
    registry=None,
)


class BufferedCounter:
    """Counts what happens so often that a lock and a write to the file each time would cost too much.

    Threads may call `increment` at any time; a thread of this object writes the sum to `counter` once a second.
    """

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._increments: list[None] = []  # appending and deleting are atomic, and need no lock
        self._is_started = False

    def increment(self) -> None:
        self._increments.append(None)
        if not self._is_started:  # on first use, since a thread does not survive a fork of the process
            self._is_started = True
            threading.Thread(target=self._write_every_second, name="metrics", daemon=True).start()

    def _write_every_second(self) -> None:
        while True:
            time.sleep(1)
            if count := len(self._increments):
                del self._increments[:count]
                self._counter.inc(count)


def build_registry() -> CollectorRegistry:
    """A new registry of what all processes have counted since `serve` began, or of this process alone."""
    registry = CollectorRegistry()
    if os.environ.get(FOLDER_VARIABLE):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        for metric in (deposits, retrievals, searches, failures):
            registry.register(metric)
    return registry
