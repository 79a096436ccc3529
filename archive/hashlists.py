"""Lists of all infohashes that were stored in some time, in the order of their coming: for mirrors."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

from django.conf import settings

from archive.errors import NotListed
from archive.infohash import spell
from archive.models import Torrent
from archive.moments import span
from archive.outage import outages
from archive.turns import turn

_PAGE = 5_000  # rows at a time, so that memory stays flat and others have their turn


def first_day() -> date | None:
    """When the oldest torrent came; None while there is none. Raises NotListed, Unavailable."""
    _must_list()
    with outages():
        oldest = Torrent.objects.order_by("pk").values_list("stored_at", flat=True).first()
    return oldest.astimezone(UTC).date() if oldest else None


def stored(since: datetime | None = None, until: datetime | None = None) -> Iterator[list[str]]:
    """The infohashes under which torrents are stored, a page at a time. Raises NotListed, Unavailable."""
    _must_list()
    with outages():
        first, end = span(since, until)
    return _pages(first, end, since, until)


def _must_list() -> None:
    if not settings.LISTING:
        raise NotListed("This archive does not list what it holds.")


def _pages(first: int, end: int, since: datetime | None, until: datetime | None) -> Iterator[list[str]]:
    rows = Torrent.objects.order_by("pk").values_list("pk", "v1", "v2", "stored_at")
    while first < end:
        with turn(), outages():
            page = list(rows.filter(pk__gte=first, pk__lt=end)[:_PAGE])
        if not page:
            return
        first = page[-1][0] + 1
        yield [
            spell(bytes(v1 or v2 or b""))
            for _, v1, v2, stored_at in page
            if (since is None or stored_at >= since) and (until is None or stored_at < until)
        ]
