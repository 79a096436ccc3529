"""How many peers a torrent had, by day and country. Counts only: no address is written down, ever."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from archive.census import daily_totals
from archive.census.schedule import delay_until_next_count
from archive.db.outages import outages
from archive.errors import NotHeld
from archive.models import PeerDay, Torrent, Watched
from metainfo.infohash import infohash_to_hex


@dataclass(frozen=True, slots=True)
class DailyPeers:
    """Distinct peers of one day (UTC), over all looks of that day. `countries` are ISO 3166-1 alpha-2, or ZZ."""

    day: date
    countries: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.countries.values())


@dataclass(frozen=True, slots=True)
class PeerCount:
    """What a census knows of a torrent after a look: distinct peers of its day, over all looks that it remembers.

    `by`: the census's name. The rest is a tracker's word, None where none said.
    """

    day: date
    countries: Mapping[str, int]
    by: int
    found: int
    seeders: int | None = None
    completed: int | None = None
    leechers: int | None = None


def record_count(torrent: int, sight: PeerCount) -> None:
    """Add a look to its day, and plan the next. Raises Unavailable.

    Where another census looked earlier on that day, or this one before it was started again, nobody can tell whom
    both saw: the larger number of each country stands, which is what was there at least.
    """
    now = timezone.now()
    with outages(), transaction.atomic():
        watched = Watched.objects.select_for_update().filter(pk=torrent).first()
        if watched is None:
            return  # taken down meanwhile
        watched.misses = 0 if sight.found else min(watched.misses + 1, 100)
        watched.peers, watched.looked_at = sight.found, now
        watched.seeders, watched.completed, watched.leechers = sight.seeders, sight.completed, sight.leechers
        watched.due = now + delay_until_next_count(watched.misses, watched.asked_at, now)
        again = watched.due.astimezone(dt.UTC).date() == sight.day
        watched.known_to = sight.by if again and sight.countries else None
        watched.save()
        _add(torrent, sight)


def peer_history(infohash: bytes, first: date, last: date) -> list[DailyPeers]:
    """The days from first to last on which it was looked at, oldest first. Raises NotHeld, Unavailable."""
    with outages():
        rows = PeerDay.objects.filter(torrent_id=_number(infohash), day__range=(first, last)).order_by("day")
        return [DailyPeers(row.day, row.countries) for row in rows]


def peers_on_day(infohash: bytes, day: date | None = None) -> DailyPeers | None:
    """That day, or the last one on which it was looked at; None if there was none. Raises NotHeld, Unavailable."""
    with outages():
        rows = PeerDay.objects.filter(torrent_id=_number(infohash))
        row = rows.filter(day=day).first() if day else rows.order_by("-day").first()
        return DailyPeers(row.day, row.countries) if row else None


class DatabaseCredit(NamedTuple):
    words: str
    url: str


def country_database_credit() -> DatabaseCredit | None:
    """Whom to name where countries are shown, if the country database is one whose licence asks for it."""
    try:
        words, _, url = Path(settings.COUNTRY_DB).with_suffix(".credit").read_text().strip().rpartition(" ")
    except OSError:
        return None
    return DatabaseCredit(words, url)


def _number(infohash: bytes) -> int:
    row = Torrent.objects.find(infohash)
    if row is None:
        raise NotHeld(f"No torrent is stored under {infohash_to_hex(infohash)}.")
    return row.pk


def _add(torrent: int, sight: PeerCount) -> None:
    row = PeerDay.objects.filter(torrent_id=torrent, day=sight.day).first()
    before: Mapping[str, int] = row.countries if row else {}
    after = {code: max(before.get(code, 0), peers) for code, peers in sight.countries.items()}
    after = {**before, **after}
    PeerDay.objects.update_or_create(torrent_id=torrent, day=sight.day, defaults={"countries": after})
    more = {code: peers - before.get(code, 0) for code, peers in after.items()}
    daily_totals.add_to_totals(
        sight.day, looked=int(row is None), alive=int(bool(after) and not before), peers=more
    )
