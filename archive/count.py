"""How many torrents are stored: exact in every transaction, and as fast for fifty million as for one."""

from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F, Sum

from archive.models import Tally
from archive.outage import outages

_SHARDS = {"sqlite": 1, "postgresql": 16}  # SQLite has one writer at a time, so none to keep apart


def count() -> int:
    """Raises Unavailable."""
    with outages():
        return Tally.objects.aggregate(stored=Sum("stored"))["stored"] or 0


class Recount(NamedTuple):
    """`tally`: what count() said before it was put right."""

    rows: int
    tally: int


def recount(*, dry_run: bool = False) -> Recount:
    """Count the rows one by one, and put the tally right where it says something else. Raises Unavailable.

    Slow on millions. What is put right is a difference found in one snapshot, so deposits may go on meanwhile.
    """
    with outages():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM archive_torrent), (SELECT coalesce(sum(stored), 0) FROM archive_tally)"
            )
            rows, tally = map(int, cursor.fetchone() or (0, 0))
        if rows != tally and not dry_run:
            Tally.objects.get_or_create(shard=0, defaults={"stored": 0})
            Tally.objects.filter(shard=0).update(stored=F("stored") + rows - tally)
    return Recount(rows, tally)


def start_tally(**_: Any) -> None:
    """After a migration, or when tables were emptied: the rows that the triggers add to."""
    shards = range(_SHARDS[connection.vendor])
    if Tally.objects.count() < len(shards):
        Tally.objects.bulk_create([Tally(shard=n, stored=0) for n in shards], ignore_conflicts=True)
        recount()
