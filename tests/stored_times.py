"""Sets the times at which stored torrents came, as a clock that is right or wrong would have given them."""

from collections.abc import Iterable
from datetime import datetime

from archive.models import StoredDay, Torrent


def set_stored_times(times: Iterable[datetime]) -> None:
    """Store the rows that are there again, in the same order and under the same ids, each at its time.

    They are deleted and inserted, so that the triggers that keep the ids of each day see them come.
    """
    rows = list(Torrent.objects.order_by("pk"))
    Torrent.objects.all().delete()
    StoredDay.objects.all().delete()
    for row, time in zip(rows, times, strict=True):
        row.stored_at = time
        row.save(force_insert=True)
