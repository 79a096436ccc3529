"""Records and reads how many peers a torrent had on each day, by country. Counts only: no address is ever stored."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone

from archive.census.daily_totals import add_to_totals
from archive.census.schedule import delay_until_next_count
from archive.db.outages import outages
from archive.errors import NotHeld
from archive.models import PeerDay, Torrent, Watched
from metainfo.infohash import infohash_to_hex

_MAX_MISSES = 100  # more tell nothing new, and the column is a small one


@dataclass(frozen=True, slots=True)
class DailyPeers:
    """Distinct peers of a torrent on one day (UTC), over all counts of that day.

    `countries` are ISO 3166-1 alpha-2 codes, or ZZ where the country is unknown.
    """

    day: date
    countries: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.countries.values())


@dataclass(frozen=True, slots=True)
class PeerCount:
    """What a census process knows of a torrent after counting its peers.

    `countries`: the day's distinct peers, over all counts of that day that the process remembers. `census_id`: of the
    process. `peers_found`: by this count alone. The rest is what a tracker says, None where none does.
    """

    day: date
    countries: Mapping[str, int]
    census_id: int
    peers_found: int
    seeders: int | None = None
    completed: int | None = None
    leechers: int | None = None


def record_count(torrent: int, count: PeerCount) -> None:
    """Add a count to the day of the torrent with this row id, and plan its next count. Raises Unavailable.

    Where another process counted earlier on that day, or this one before it was restarted, it is unknown which peers
    both have counted. The larger number of each country then stands: at least so many were there.

    Does nothing where the torrent has been taken down meanwhile.
    """
    now = timezone.now()
    with outages(), transaction.atomic():
        watched = Watched.objects.select_for_update().filter(pk=torrent).first()
        if watched is None:
            return
        watched.misses = 0 if count.peers_found else min(watched.misses + 1, _MAX_MISSES)
        watched.peers, watched.looked_at = count.peers_found, now
        watched.seeders, watched.completed, watched.leechers = count.seeders, count.completed, count.leechers
        watched.due = now + delay_until_next_count(watched.misses, watched.asked_at, now)
        # The hashes of this day's peers are of use to a next count only if that falls on the same day.
        due_same_day = watched.due.astimezone(dt.UTC).date() == count.day
        watched.known_to = count.census_id if due_same_day and count.countries else None
        watched.save()
        _add_to_day(torrent, count)


def peer_history(infohash: bytes, first: date, last: date) -> list[DailyPeers]:
    """The days from `first` to `last` on which peers were counted, oldest first. Raises NotHeld, Unavailable."""
    with outages():
        rows = PeerDay.objects.filter(torrent_id=_row_id(infohash), day__range=(first, last)).order_by("day")
        return [DailyPeers(row.day, row.countries) for row in rows]


def peers_on_day(infohash: bytes, day: date | None = None) -> DailyPeers | None:
    """The peers of that day, or of the last day on which they were counted; None if they were not.

    Raises NotHeld, Unavailable.
    """
    with outages():
        rows = PeerDay.objects.filter(torrent_id=_row_id(infohash))
        row = rows.filter(day=day).first() if day else rows.order_by("-day").first()
        return DailyPeers(row.day, row.countries) if row else None


def _row_id(infohash: bytes) -> int:
    row = Torrent.objects.find(infohash)
    if row is None:
        raise NotHeld(f"No torrent is stored under {infohash_to_hex(infohash)}.")
    return row.pk


def _add_to_day(torrent: int, count: PeerCount) -> None:
    row = PeerDay.objects.filter(torrent_id=torrent, day=count.day).first()
    before: Mapping[str, int] = row.countries if row else {}
    after = {code: max(before.get(code, 0), peers) for code, peers in count.countries.items()}
    after = {**before, **after}
    PeerDay.objects.update_or_create(torrent_id=torrent, day=count.day, defaults={"countries": after})
    added = {code: peers - before.get(code, 0) for code, peers in after.items()}
    add_to_totals(count.day, looked=int(row is None), alive=int(bool(after) and not before), peers=added)
