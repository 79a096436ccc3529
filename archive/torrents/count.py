"""How many torrents are stored: exact in every transaction, and as fast for fifty million as for one."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Max, Sum

from archive.db.driver import choose
from archive.db.outages import outages
from archive.models import StoredDay, Tally

_SHARDS = {"sqlite": 1, "postgresql": 16}  # SQLite has one writer at a time, so none to keep apart
_ROWS = """
    (SELECT count(*) AS stored, count(*) - count(v1) AS v2,
        count(CASE WHEN v1 IS NOT NULL AND v2 IS NOT NULL THEN 1 END) AS hybrid FROM archive_torrent) AS one
"""
_BOTH = f"""
    SELECT one.stored, tally.stored, one.v2 - tally.v2, one.hybrid - tally.hybrid FROM {_ROWS},
        (SELECT coalesce(sum(stored), 0) AS stored, coalesce(sum(v2), 0) AS v2, coalesce(sum(hybrid), 0) AS hybrid
            FROM archive_tally) AS tally
"""  # noqa: S608
_RIGHT = "UPDATE archive_tally SET stored = stored + %s, v2 = v2 + %s, hybrid = hybrid + %s WHERE shard = 0"
_WRONG_DAYS = """
    SELECT day, sum(more), coalesce(min(first), 9223372036854775807), coalesce(max(last), 0) FROM (
        SELECT {day} AS day, count(*) AS more, min(id) AS first, max(id) AS last, NULL AS lowest, NULL AS highest
            FROM archive_torrent GROUP BY 1
        UNION ALL SELECT day, -stored, NULL, NULL, lowest, highest FROM archive_storedday
    ) AS both_of_them GROUP BY day
    HAVING sum(more) <> 0 OR min(first) < min(lowest) OR max(last) > max(highest)
"""
_DAY = {"sqlite": "date(stored_at)", "postgresql": "(stored_at AT TIME ZONE 'UTC')::date"}
_RIGHT_DAY = """
    INSERT INTO archive_storedday AS known (day, shard, stored, lowest, highest) VALUES (%s, 0, %s, %s, %s)
    ON CONFLICT (day, shard) DO UPDATE SET stored = known.stored + excluded.stored,
        lowest = {least}(known.lowest, excluded.lowest), highest = {greatest}(known.highest, excluded.highest)
"""
_OF_TWO = {
    "sqlite": {"least": "min", "greatest": "max"},
    "postgresql": {"least": "least", "greatest": "greatest"},
}


class VersionCounts(NamedTuple):
    """Of the stored torrents, those that have one infohash, or the other, or both."""

    v1: int
    v2: int
    hybrid: int


def count_torrents() -> int:
    """Raises Unavailable."""
    with outages():
        return Tally.objects.aggregate(stored=Sum("stored"))["stored"] or 0


def count_versions() -> VersionCounts:
    """Raises Unavailable."""
    with outages():
        sums = Tally.objects.aggregate(stored=Sum("stored"), v2=Sum("v2"), hybrid=Sum("hybrid"))
    stored, v2, hybrid = (sums[name] or 0 for name in ("stored", "v2", "hybrid"))
    return VersionCounts(stored - v2 - hybrid, v2, hybrid)


def count_by_day(first: date, last: date) -> Mapping[date, int]:
    """Of the torrents that are here, how many came on each day (UTC) on which any did. Raises Unavailable."""
    with outages():
        days = StoredDay.objects.filter(day__range=(first, last)).values_list("day").order_by("day")
        return {day: stored for day, stored in days.annotate(Sum("stored")) if stored}


def count_by_month(first: date, last: date) -> Mapping[date, int]:
    """The same for months, each by its first day. Raises Unavailable."""
    months: dict[date, int] = {}
    for day, stored in count_by_day(first, last).items():
        months[day.replace(day=1)] = months.get(day.replace(day=1), 0) + stored
    return months


class Recount(NamedTuple):
    """`tally`: what count() said before it was put right."""

    rows: int
    tally: int


def recount(*, dry_run: bool = False) -> Recount:
    """Count the rows one by one, and put the tallies right where they say something else. Raises Unavailable.

    Slow on millions. What is put right is a difference found in one snapshot, so deposits may go on meanwhile.
    """
    with outages(), connection.cursor() as cursor:
        cursor.execute(_BOTH)
        rows, tally, v2, hybrid = map(int, cursor.fetchone() or (0, 0, 0, 0))
        cursor.execute(_WRONG_DAYS.format(day=choose(**_DAY)))
        days = cursor.fetchall()
        if not dry_run:
            if (rows - tally, v2, hybrid) != (0, 0, 0):
                Tally.objects.get_or_create(shard=0, defaults={"stored": 0})
                cursor.execute(_RIGHT, [rows - tally, v2, hybrid])
            for wrong in days:
                cursor.execute(_RIGHT_DAY.format(**choose(**_OF_TWO)), wrong)
    return Recount(rows, tally)


def prepare_tallies(**_: Any) -> None:
    """After a migration, or when tables were emptied: the rows that the triggers add to, and what days lack."""
    shards = range(choose(**_SHARDS))
    incomplete = Tally.objects.count() < len(shards)
    if incomplete:
        Tally.objects.bulk_create([Tally(shard=n, stored=0) for n in shards], ignore_conflicts=True)
    days = StoredDay.objects.values("day").annotate(held=Sum("stored"), last=Max("highest"))
    if incomplete or days.filter(held__gt=0, last=0).exists():
        recount()
