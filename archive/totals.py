"""What the census counted of all torrents together, by day. Kept with each look, so that nobody has to add up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db import connection

from archive.models import CensusDay, CountryDay
from archive.outage import outages

_DAY = """
    INSERT INTO archive_censusday AS known (day, looked, alive) VALUES (%s, %s, %s)
    ON CONFLICT (day) DO UPDATE SET looked = known.looked + excluded.looked, alive = known.alive + excluded.alive
"""
_COUNTRIES = """
    INSERT INTO archive_countryday AS known (day, country, peers) VALUES {}
    ON CONFLICT (day, country) DO UPDATE SET peers = known.peers + excluded.peers
"""


@dataclass(frozen=True, slots=True)
class CensusTotal:
    """Of one day (UTC). `countries`: sums over torrents, so who was in two swarms is in them twice."""

    day: date
    looked: int
    alive: int
    countries: Mapping[str, int]

    @property
    def peers(self) -> int:
        return sum(self.countries.values())


def add(day: date, *, looked: int, alive: int, countries: Mapping[str, int]) -> None:
    """So many more. To be called last in a transaction: the other censuses wait for these rows until it ends.

    In the order of countries, so that no two wait for each other.
    """
    more = [(country, peers) for country, peers in sorted(countries.items()) if peers]
    with connection.cursor() as cursor:
        if looked or alive:
            cursor.execute(_DAY, [day, looked, alive])
        if more:
            places = ", ".join(["(%s, %s, %s)"] * len(more))
            cursor.execute(_COUNTRIES.format(places), [value for one in more for value in (day, *one)])


def totals(first: date, last: date) -> list[CensusTotal]:
    """The days on which anything was looked at, oldest first. Raises Unavailable."""
    with outages():
        countries: dict[date, dict[str, int]] = {}
        rows = CountryDay.objects.filter(day__range=(first, last)).order_by("day", "-peers", "country")
        for day, country, peers in rows.values_list("day", "country", "peers"):
            countries.setdefault(day, {})[country] = peers
        days = CensusDay.objects.filter(day__range=(first, last)).order_by("day")
        return [CensusTotal(row.day, row.looked, row.alive, countries.get(row.day, {})) for row in days]
