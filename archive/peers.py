"""How many peers a torrent had, by day and country. Counts only: no address is written down, ever."""

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from archive import marks
from archive.census import gap
from archive.errors import NotHeld
from archive.infohash import spell
from archive.marks import Marks
from archive.models import DayKey, DayMarks, PeerDay, Torrent, Watched
from archive.outage import outages


@dataclass(frozen=True, slots=True)
class Day:
    """Distinct peers of one day (UTC), over all looks of that day. `countries` are ISO 3166-1 alpha-2, or ZZ."""

    day: date
    countries: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.countries.values())


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look brought. `marks` are of the key of `day`; the rest is a tracker's word, None where none said."""

    day: date
    marks: Marks
    seeders: int | None = None
    completed: int | None = None
    leechers: int | None = None


def today_key() -> tuple[date, bytes]:
    """The day and what its addresses are hashed with. The first call of a day destroys all of earlier ones."""
    today = timezone.now().astimezone(dt.UTC).date()
    with outages():
        row, new = DayKey.objects.get_or_create(day=today, defaults={"key": secrets.token_bytes(32)})
        if new:
            DayKey.objects.exclude(day=today).delete()
            DayMarks.objects.exclude(day=today).delete()
    return today, bytes(row.key)


def record(torrent: int, sight: Sight) -> None:
    """Add a look to its day; to no day where that is over by now. Plans the next look. Raises Unavailable."""
    found = sum(map(len, sight.marks.values()))
    now = timezone.now()
    with outages(), transaction.atomic():
        watched = Watched.objects.select_for_update().filter(pk=torrent).first()
        if watched is None:
            return  # taken down meanwhile
        if DayKey.objects.filter(day=sight.day).exists():
            _add(torrent, sight)
        watched.misses = 0 if found else min(watched.misses + 1, 100)
        watched.peers, watched.looked_at = found, now
        watched.seeders, watched.completed, watched.leechers = sight.seeders, sight.completed, sight.leechers
        watched.due = now + gap(watched.misses, watched.asked_at, now)
        watched.save()


def history(infohash: bytes, first: date, last: date) -> list[Day]:
    """The days from first to last on which it was looked at, oldest first. Raises NotHeld, Unavailable."""
    with outages():
        rows = PeerDay.objects.filter(torrent_id=_number(infohash), day__range=(first, last)).order_by("day")
        return [Day(row.day, row.countries) for row in rows]


def on(infohash: bytes, day: date | None = None) -> Day | None:
    """That day, or the last one on which it was looked at; None if there was none. Raises NotHeld, Unavailable."""
    with outages():
        rows = PeerDay.objects.filter(torrent_id=_number(infohash))
        row = rows.filter(day=day).first() if day else rows.order_by("-day").first()
        return Day(row.day, row.countries) if row else None


class Credit(NamedTuple):
    words: str
    url: str


def credit() -> Credit | None:
    """Whom to name where countries are shown, if the country database is one whose licence asks for it."""
    try:
        words, _, url = Path(settings.COUNTRY_DB).with_suffix(".credit").read_text().strip().rpartition(" ")
    except OSError:
        return None
    return Credit(words, url)


def _number(infohash: bytes) -> int:
    row = Torrent.objects.find(infohash)
    if row is None:
        raise NotHeld(f"No torrent is stored under {spell(infohash)}.")
    return row.pk


def _add(torrent: int, sight: Sight) -> None:
    earlier = DayMarks.objects.filter(torrent_id=torrent, day=sight.day).first()
    seen = marks.unpack(bytes(earlier.marks)) if earlier else {}
    for country, some in sight.marks.items():
        seen.setdefault(country, set()).update(some)
    packed = marks.pack(seen)
    DayMarks.objects.update_or_create(torrent_id=torrent, day=sight.day, defaults={"marks": packed})
    countries = {country: marks.number(len(some)) for country, some in seen.items()}
    PeerDay.objects.update_or_create(torrent_id=torrent, day=sight.day, defaults={"countries": countries})
