"""Events, counted for Prometheus (see `render_metrics`). Each process counts for itself, in a file of FOLDER."""

import os
import threading
import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # in the environment of all that `serve` starts

_SECONDS = (0.03, 0.1, 0.3, 1, 3, 10, 30, 60)

deposits = Counter(
    "hashkeep_deposits",
    "Torrents that came in, by door and outcome.",
    ["door", "outcome"],
    registry=None,
)
retrievals = Counter(
    "hashkeep_retrievals",
    "Torrents asked for by those who fetch, by outcome.",
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
    "Requests that met a database or a storage which failed.",
    ["part"],
    registry=None,
)


class BufferedCounter:
    """What happens too often for a lock and a file each time: noted as it comes, written down once a second."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._noted: list[None] = []
        self._kept = False

    def note(self) -> None:
        self._noted.append(None)
        if not self._kept:  # in the process that serves, not in one that it was forked from
            self._kept = True
            threading.Thread(target=self._keep, name="meter", daemon=True).start()

    def _keep(self) -> None:
        while True:
            time.sleep(1)
            if come := len(self._noted):
                del self._noted[:come]
                self._counter.inc(come)


def build_registry() -> CollectorRegistry:
    """A new one, of what all processes have counted since `serve` began."""
    everything = CollectorRegistry()
    if os.environ.get(FOLDER_VARIABLE):
        MultiProcessCollector(everything)  # type: ignore[no-untyped-call]
    else:
        for metric in (deposits, retrievals, searches, failures):
            everything.register(metric)
    return everything
