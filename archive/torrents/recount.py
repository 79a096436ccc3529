"""Count the rows of torrents one by one, and put the sums right that triggers keep of them."""

from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Max, Sum

from archive.db.driver import choose
from archive.db.outages import outages
from archive.models import StoredDay, Tally

_SHARDS = {"sqlite": 1, "postgresql": 16}  # SQLite has one writer at a time, so none to keep apart
_ROW_COUNTS = """
    (SELECT count(*) AS stored, count(*) - count(v1) AS v2,
        count(CASE WHEN v1 IS NOT NULL AND v2 IS NOT NULL THEN 1 END) AS hybrid FROM archive_torrent) AS counted
"""
_COMPARE_TALLY = f"""
    SELECT counted.stored, tally.stored, counted.v2 - tally.v2, counted.hybrid - tally.hybrid FROM {_ROW_COUNTS},
        (SELECT coalesce(sum(stored), 0) AS stored, coalesce(sum(v2), 0) AS v2, coalesce(sum(hybrid), 0) AS hybrid
            FROM archive_tally) AS tally
"""  # noqa: S608
_CORRECT_TALLY = (
    "UPDATE archive_tally SET stored = stored + %s, v2 = v2 + %s, hybrid = hybrid + %s WHERE shard = 0"
)
_FIND_WRONG_DAYS = """
    SELECT day, sum(more), coalesce(min(first), 9223372036854775807), coalesce(max(last), 0) FROM (
        SELECT {day} AS day, count(*) AS more, min(id) AS first, max(id) AS last, NULL AS lowest, NULL AS highest
            FROM archive_torrent GROUP BY 1
        UNION ALL SELECT day, -stored, NULL, NULL, lowest, highest FROM archive_storedday
    ) AS counted_and_kept GROUP BY day
    HAVING sum(more) <> 0 OR min(first) < min(lowest) OR max(last) > max(highest)
"""
_DAY = {"sqlite": "date(stored_at)", "postgresql": "(stored_at AT TIME ZONE 'UTC')::date"}
_CORRECT_DAY = """
    INSERT INTO archive_storedday AS known (day, shard, stored, lowest, highest) VALUES (%s, 0, %s, %s, %s)
    ON CONFLICT (day, shard) DO UPDATE SET stored = known.stored + excluded.stored,
        lowest = {least}(known.lowest, excluded.lowest), highest = {greatest}(known.highest, excluded.highest)
"""
_SMALLER_AND_LARGER = {
    "sqlite": {"least": "min", "greatest": "max"},
    "postgresql": {"least": "least", "greatest": "greatest"},
}


class Recount(NamedTuple):
    """`rows`: the number of rows. `tally`: what count_torrents() returned before it was put right."""

    rows: int
    tally: int


def recount(*, dry_run: bool = False) -> Recount:
    """Count all rows, and unless it is a dry run correct the sums that differ. Raises Unavailable.

    This is slow on millions of rows. Deposits may go on meanwhile: what is added to a sum is the difference between
    rows and sum in one snapshot.
    """
    with outages(), connection.cursor() as cursor:
        cursor.execute(_COMPARE_TALLY)
        rows, tally, v2, hybrid = map(int, cursor.fetchone() or (0, 0, 0, 0))
        cursor.execute(_FIND_WRONG_DAYS.format(day=choose(**_DAY)))
        wrong_days = cursor.fetchall()
        if not dry_run:
            if (rows - tally, v2, hybrid) != (0, 0, 0):
                Tally.objects.get_or_create(shard=0, defaults={"stored": 0})
                cursor.execute(_CORRECT_TALLY, [rows - tally, v2, hybrid])
            for day in wrong_days:
                cursor.execute(_CORRECT_DAY.format(**choose(**_SMALLER_AND_LARGER)), day)
    return Recount(rows, tally)


def prepare_tallies(**_: Any) -> None:
    """Create the rows that the triggers add to, and fill in days that have no first and last torrent yet.

    Runs after each migration, and when all tables were emptied.
    """
    shards = range(choose(**_SHARDS))
    incomplete = Tally.objects.count() < len(shards)
    if incomplete:
        Tally.objects.bulk_create([Tally(shard=n, stored=0) for n in shards], ignore_conflicts=True)
    days = StoredDay.objects.values("day").annotate(held=Sum("stored"), last=Max("highest"))
    if incomplete or days.filter(held__gt=0, last=0).exists():
        recount()
