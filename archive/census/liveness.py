"""Whether torrents still have peers, as the census last saw them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from archive.db.outages import outages
from archive.models import CensusDay, Watched

_MISSES = 2  # looks: alive is what had a peer in one of the last two
IS_ALIVE: dict[str, Any] = {"watched__looked_at__isnull": False, "watched__misses__lt": _MISSES}  # of Torrent


class Liveness(NamedTuple):
    """The last look: the peers it found, and a tracker's word for the rest, None where none said."""

    alive: bool
    looked_at: datetime
    peers: int
    seeders: int | None
    leechers: int | None
    completed: int | None

    @property
    def swarm(self) -> int:
        """Seeders and leechers together: the DHT knows of some, the tracker of others."""
        return max(self.peers, (self.seeders or 0) + (self.leechers or 0))


def has_census_run() -> bool:
    """Whether the census has ever looked at anything. Raises Unavailable."""
    with outages():
        return CensusDay.objects.exists()


def find_liveness(torrents: Iterable[int]) -> dict[int, Liveness]:
    """Of these, by their numbers in the index, those that were ever looked at. Raises Unavailable."""
    with outages():
        rows = Watched.objects.filter(pk__in=list(torrents), looked_at__isnull=False)
        return {row.pk: seen for row in rows if (seen := _seen(row))}


def find_alive(torrents: Iterable[int]) -> set[int]:
    """Of these, by their numbers in the index, those that are alive. Raises Unavailable."""
    return {number for number, seen in find_liveness(torrents).items() if seen.alive}


def _seen(row: Watched) -> Liveness | None:
    if row.looked_at is None:
        return None
    alive = row.misses < _MISSES
    return Liveness(alive, row.looked_at, row.peers, row.seeders, row.leechers, row.completed)
