"""Which rows were stored when. They are numbered as they come, so a moment is found without an index of its own."""

from datetime import UTC, datetime, timedelta

from django.db.models import Max

from archive.models import Torrent

_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_DISORDER = timedelta(hours=1)  # clocks are set, and long transactions are numbered early


def span(since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """From this row on, and before that row, lies all that was stored in that time, and little else."""
    end = (Torrent.objects.aggregate(last=Max("pk"))["last"] or 0) + 1
    first = _first(max(since, _EARLIEST) - _DISORDER, end) if since else 0
    return first, _first(min(until, _LATEST) + _DISORDER, end) if until else end


def _first(moment: datetime, end: int) -> int:
    low, high = 0, end
    while low < high:
        middle = (low + high) // 2
        row = Torrent.objects.filter(pk__gte=middle).order_by("pk").values_list("pk", "stored_at").first()
        if row and row[1] < moment:
            low = row[0] + 1
        else:
            high = middle
    return low
