"""Lists the infohashes of all torrents that were stored in a range of time, in the order of storing: for mirrors."""

from collections.abc import Iterator
from datetime import date, datetime

from django.conf import settings
from django.db.models import Max, Sum

from archive.browse.id_ranges_by_day import first_possible_id, last_possible_id
from archive.db.outages import outages
from archive.errors import NotListed
from archive.models import StoredDay, Torrent
from metainfo.infohash import infohash_to_hex

PAGE_SIZE = 5_000  # rows of a query, so that memory stays flat and other requests get a slot in between


def list_days() -> list[date]:
    """The days (UTC) on which torrents were stored that are still held, ordered by the last torrent of each.

    That is the order of the calendar, except for a day that a wrong clock said again later: it comes later, so that a
    mirror sees that its list has grown. Raises NotListed, Unavailable.
    """
    _require_listing()
    days = StoredDay.objects.values_list("day").annotate(stored=Sum("stored"), last=Max("highest"))
    with outages():
        return [day for day, _, _ in days.filter(stored__gt=0).order_by("last")]


def list_infohashes(since: datetime | None = None, until: datetime | None = None) -> Iterator[list[str]]:
    """Pages of hex infohashes, each the one that a torrent is stored under, of torrents stored in [since, until).

    None is no bound. Torrents that are stored while the pages are read are left out. Raises NotListed and Unavailable
    at once; while pages are read, Unavailable.
    """
    _require_listing()
    with outages():
        newest = Torrent.objects.aggregate(newest=Max("pk"))["newest"] or 0
        last = last_possible_id(newest, since, until)
    return _read_pages(last, since, until)


def _require_listing() -> None:
    if not settings.LISTING:
        raise NotListed("This archive does not list what it holds.")


def _read_pages(last: int, since: datetime | None, until: datetime | None) -> Iterator[list[str]]:
    rows = Torrent.objects.order_by("pk").values_list("pk", "v1", "v2", "stored_at")
    first = 1
    while first <= last:
        with outages():
            first = first_possible_id(first, since, until)
            page = list(rows.filter(pk__gte=first, pk__lte=last)[:PAGE_SIZE])
        if not page:
            return
        first = page[-1][0] + 1
        yield [
            infohash_to_hex(bytes(v1 or v2 or b""))
            for _, v1, v2, stored_at in page
            if (since is None or stored_at >= since) and (until is None or stored_at < until)
        ]
