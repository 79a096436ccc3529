"""Lists of all infohashes that were stored in some time, in the order of their coming: for mirrors."""

from collections.abc import Iterator
from datetime import date, datetime

from django.conf import settings
from django.db.models import Max, Sum

from archive.browse.id_ranges_by_day import first_possible_id, last_possible_id
from archive.db.outages import outages
from archive.db.slots import turn
from archive.errors import NotListed
from archive.models import StoredDay, Torrent
from metainfo.infohash import infohash_to_hex

_PAGE = 5_000  # rows at a time, so that memory stays flat and others have their turn


def list_days() -> list[date]:
    """Those on which torrents came that are here, in the order of the last of each. Raises NotListed, Unavailable.

    That is the order of the calendar, but for days that a wrong clock took up again.
    """
    _must_list()
    each = StoredDay.objects.values_list("day").annotate(stored=Sum("stored"), last=Max("highest"))
    with outages():
        return [day for day, _, _ in each.filter(stored__gt=0).order_by("last")]


def list_infohashes(since: datetime | None = None, until: datetime | None = None) -> Iterator[list[str]]:
    """The infohashes under which torrents are stored, a page at a time. Raises NotListed, Unavailable."""
    _must_list()
    with outages():
        newest = Torrent.objects.aggregate(newest=Max("pk"))["newest"] or 0
        last = last_possible_id(newest, since, until)
    return _pages(last, since, until)


def _must_list() -> None:
    if not settings.LISTING:
        raise NotListed("This archive does not list what it holds.")


def _pages(last: int, since: datetime | None, until: datetime | None) -> Iterator[list[str]]:
    rows = Torrent.objects.order_by("pk").values_list("pk", "v1", "v2", "stored_at")
    first = 1
    while first <= last:
        with turn(), outages():
            page = list(rows.filter(pk__gte=first_possible_id(first, since, until), pk__lte=last)[:_PAGE])
        if not page:
            return
        first = page[-1][0] + 1
        yield [
            infohash_to_hex(bytes(v1 or v2 or b""))
            for _, v1, v2, stored_at in page
            if (since is None or stored_at >= since) and (until is None or stored_at < until)
        ]
