"""Tells whether torrents are alive: whether the census found peers when it last counted.

A torrent is alive if one of its last two counts found a peer. A torrent that was never counted has no liveness.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from archive.db.outages import outages
from archive.models import CensusDay, Watched

_DEAD_AFTER = 2  # counts in a row that found no peer
IS_ALIVE: dict[str, Any] = {"watched__looked_at__isnull": False, "watched__misses__lt": _DEAD_AFTER}
"""The condition as keyword arguments of a filter of Torrent rows."""


class Liveness(NamedTuple):
    """The last count of a torrent's peers, at `looked_at`.

    `peers` were found in the DHT and through trackers. Seeders, leechers and completed downloads are a tracker's
    own figures, None where no tracker gave any.
    """

    alive: bool
    looked_at: datetime
    peers: int
    seeders: int | None
    leechers: int | None
    completed: int | None

    @property
    def swarm_size(self) -> int:
        """The larger of the peers found and the tracker's seeders and leechers: each knows a part of the swarm."""
        return max(self.peers, (self.seeders or 0) + (self.leechers or 0))


def has_census_run() -> bool:
    """Whether the census has ever counted the peers of any torrent. Raises Unavailable."""
    with outages():
        return CensusDay.objects.exists()


def find_liveness(torrents: Iterable[int]) -> dict[int, Liveness]:
    """Of the torrents with these row ids, the liveness of those that were ever counted. Raises Unavailable."""
    with outages():
        rows = Watched.objects.filter(pk__in=list(torrents), looked_at__isnull=False)
        return {row.pk: liveness for row in rows if (liveness := _liveness_of(row))}


def find_alive(torrents: Iterable[int]) -> set[int]:
    """Of these row ids, those of torrents that are alive. Raises Unavailable."""
    return {row_id for row_id, liveness in find_liveness(torrents).items() if liveness.alive}


def _liveness_of(row: Watched) -> Liveness | None:
    if row.looked_at is None:
        return None
    alive = row.misses < _DEAD_AFTER
    return Liveness(alive, row.looked_at, row.peers, row.seeders, row.leechers, row.completed)
