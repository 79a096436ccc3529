"""What the census counted of all torrents together, by day. Kept with each look, so that nobody has to add up."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from django.db import connection

from archive.db.outages import outages
from archive.models import CensusDay, CountryDay

_DAY = """
    INSERT INTO archive_censusday AS known (day, looked, alive, peers) VALUES (%s, %s, %s, %s)
    ON CONFLICT (day) DO UPDATE SET looked = known.looked + excluded.looked,
        alive = known.alive + excluded.alive, peers = known.peers + excluded.peers
"""
_COUNTRIES = """
    INSERT INTO archive_countryday AS known (day, country, peers) VALUES {}
    ON CONFLICT (day, country) DO UPDATE SET peers = known.peers + excluded.peers
"""


class DailyTotal(NamedTuple):
    """Of one day (UTC): torrents, those of them with a peer, and the sum of their peers."""

    day: date
    looked: int
    alive: int
    peers: int


def add_to_totals(day: date, *, looked: int, alive: int, peers: Mapping[str, int]) -> None:
    """So many more. To be called last in a transaction: the other censuses wait for these rows until it ends.

    The day's own row comes first, so that no two of them ever wait for each other.
    """
    more = [(country, number) for country, number in peers.items() if number]
    with connection.cursor() as cursor:
        if looked or more:
            cursor.execute(_DAY, [day, looked, alive, sum(number for _, number in more)])
        if more:
            places = ", ".join(["(%s, %s, %s)"] * len(more))
            cursor.execute(_COUNTRIES.format(places), [value for one in more for value in (day, *one)])


def totals_by_day(first: date, last: date) -> list[DailyTotal]:
    """The days on which anything was looked at, oldest first. Raises Unavailable."""
    with outages():
        days = CensusDay.objects.filter(day__range=(first, last)).order_by("day")
        return [DailyTotal(row.day, row.looked, row.alive, row.peers) for row in days]


def peers_by_country(day: date) -> dict[str, int]:
    """The sums of that day's peers by country, the largest first. Raises Unavailable."""
    with outages():
        rows = CountryDay.objects.filter(day=day).order_by("-peers", "country")
        return dict(rows.values_list("country", "peers"))
