"""Sums of the census over all torrents, by day and by country.

They are kept up to date with each count, so that reading them costs the same whatever the archive's size.
"""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from django.db import connection

from archive.db.outages import outages
from archive.db.sql import placeholders
from archive.models import CensusDay, CountryDay

_ADD_TO_DAY = """
    INSERT INTO archive_censusday AS known (day, looked, alive, peers) VALUES (%s, %s, %s, %s)
    ON CONFLICT (day) DO UPDATE SET looked = known.looked + excluded.looked,
        alive = known.alive + excluded.alive, peers = known.peers + excluded.peers
"""
_ADD_TO_COUNTRIES = """
    INSERT INTO archive_countryday AS known (day, country, peers) VALUES {}
    ON CONFLICT (day, country) DO UPDATE SET peers = known.peers + excluded.peers
"""


class DailyTotal(NamedTuple):
    """Of one day (UTC): torrents whose peers were counted, those of them with a peer, and the sum of their peers."""

    day: date
    looked: int
    alive: int
    peers: int


def add_to_totals(day: date, *, looked: int, alive: int, peers: Mapping[str, int]) -> None:
    """Add torrents that were counted, torrents that were found alive, and peers by country, to a day's totals.

    Call it last in a transaction: other census processes wait for these rows until it ends. The row of the day is
    written before those of its countries, so that two processes never wait for each other.
    """
    added = [(country, number) for country, number in peers.items() if number]
    with connection.cursor() as cursor:
        if looked or added:
            cursor.execute(_ADD_TO_DAY, [day, looked, alive, sum(number for _, number in added)])
        if added:
            statement = _ADD_TO_COUNTRIES.format(placeholders(added, "(%s, %s, %s)"))
            cursor.execute(statement, [value for row in added for value in (day, *row)])


def totals_by_day(first: date, last: date) -> list[DailyTotal]:
    """The days from `first` to `last` on which any torrent was counted, oldest first. Raises Unavailable."""
    with outages():
        rows = CensusDay.objects.filter(day__range=(first, last)).order_by("day")
        return [DailyTotal(row.day, row.looked, row.alive, row.peers) for row in rows]


def peers_by_country(day: date) -> dict[str, int]:
    """The sums of that day's peers by country, the largest first. Raises Unavailable."""
    with outages():
        rows = CountryDay.objects.filter(day=day).order_by("-peers", "country")
        return dict(rows.values_list("country", "peers"))
