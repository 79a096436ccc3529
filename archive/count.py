"""How many torrents are stored: exact in every transaction, and as fast for fifty million as for one."""

from typing import Any

from django.db import connection
from django.db.models import Sum

from archive.models import Tally
from archive.outage import outages

_SHARDS = {"sqlite": 1, "postgresql": 16}  # SQLite has one writer at a time, so none to keep apart


def count() -> int:
    """Raises Unavailable."""
    with outages():
        return Tally.objects.aggregate(stored=Sum("stored"))["stored"] or 0


def recount() -> int:
    """Make the tally agree with the rows, and return by how much it was wrong. Reads every row: slow on millions.

    The correction is a difference taken in one snapshot, so deposits may go on meanwhile.
    """
    before = count()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE archive_tally SET stored = stored + (SELECT count(*) FROM archive_torrent)"
            " - (SELECT sum(stored) FROM archive_tally) WHERE shard = 0"
        )
    return count() - before


def start_tally(**_: Any) -> None:
    """After a migration, or when tables were emptied: the rows that the triggers add to."""
    shards = range(_SHARDS[connection.vendor])
    if Tally.objects.count() < len(shards):
        Tally.objects.bulk_create([Tally(shard=n, stored=0) for n in shards], ignore_conflicts=True)
        recount()
