"""How many torrents are stored: exact in every transaction, and as fast for fifty million as for one.

Triggers keep the sums (Tally, StoredDay); `recount` puts them right.
"""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from django.db.models import Sum

from archive.db.outages import outages
from archive.models import StoredDay, Tally


class VersionCounts(NamedTuple):
    """How many of the stored torrents have a v1 infohash only, a v2 infohash only, or both."""

    v1: int
    v2: int
    hybrid: int


def count_torrents() -> int:
    """The number of stored torrents. Raises Unavailable."""
    with outages():
        return Tally.objects.aggregate(stored=Sum("stored"))["stored"] or 0


def count_versions() -> VersionCounts:
    """The number of stored torrents by what infohashes they have. Raises Unavailable."""
    with outages():
        sums = Tally.objects.aggregate(stored=Sum("stored"), v2=Sum("v2"), hybrid=Sum("hybrid"))
    stored, v2, hybrid = (sums[column] or 0 for column in ("stored", "v2", "hybrid"))
    return VersionCounts(stored - v2 - hybrid, v2, hybrid)


def count_by_day(first: date, last: date) -> Mapping[date, int]:
    """How many torrents were stored on each day (UTC) from `first` to `last`, and still are.

    Days without any are left out. Raises Unavailable.
    """
    with outages():
        days = StoredDay.objects.filter(day__range=(first, last)).values_list("day").order_by("day")
        return {day: stored for day, stored in days.annotate(Sum("stored")) if stored}


def count_by_month(first: date, last: date) -> Mapping[date, int]:
    """As count_by_day, for months, each of which is named by its first day. Raises Unavailable."""
    months: dict[date, int] = {}
    for day, stored in count_by_day(first, last).items():
        month = day.replace(day=1)
        months[month] = months.get(month, 0) + stored
    return months
