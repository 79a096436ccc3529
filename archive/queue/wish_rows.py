"""The rows of the queue of wishes: finding them, writing many at once, and deleting what is too old or too much.

Written by hand where the ORM takes five times as long.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from archive.db.driver import datetime_parameter
from archive.db.outages import outages
from archive.db.sql import chunks, insert_rows, placeholders
from archive.errors import TooManyWishes
from archive.models import Wanted

REST_COLUMNS = ["next_try", "given_up", "awaited", "leased_by", "leased_until", "deserted"]

_STALE = timedelta(days=30)
_RETRY_WHEN_FULL = 60  # seconds
_FIND_KEYS = "SELECT names FROM archive_wanted WHERE names IN ({})"
_INSERTED_COLUMNS = ("names", "v1", "v2", "trackers", "awaited", "asked_at", "next_try")
_UPDATED_COLUMNS = ["trackers", "awaited", "asked_at", "next_try"]
_COUNT_AT_MOST = "SELECT coalesce(max(id) - min(id) + 1, 0) FROM archive_wanted"


def find_rows(wish_keys: Collection[bytes]) -> dict[bytes, Wanted]:
    """Those that are in the queue, by wish key. Nearly all wishes are new, and those are found out fast."""
    known: list[bytes] = []
    with connection.cursor() as cursor:
        for some in chunks(list(wish_keys)):
            cursor.execute(_FIND_KEYS.format(placeholders(some)), some)
            known += [bytes(key) for (key,) in cursor.fetchall()]
    return {bytes(row.names): row for row in Wanted.objects.filter(names__in=known)} if known else {}


def write_rows(new: Sequence[Wanted], changed: Sequence[Wanted]) -> None:
    """Insert the new rows, making room for them, and update the changed ones. To be called in a transaction.

    A new row that another process inserted first is left out. Raises TooManyWishes if the queue is full.
    """
    _make_room(len(new))
    insert_rows(
        "archive_wanted", _INSERTED_COLUMNS, [_inserted_values(row) for row in new], ignore_conflicts=True
    )
    if changed:
        Wanted.objects.bulk_update(changed, _UPDATED_COLUMNS, batch_size=100)


def rest_row(row: Wanted, until: datetime, given_up: str = "") -> None:
    """No lease, and no search until then; `given_up` is the reason if it is given up. Then save REST_COLUMNS."""
    row.next_try, row.given_up, row.awaited = until, given_up, False
    row.leased_by, row.leased_until, row.deserted = "", None, 0


def delete_stale_wishes() -> int:
    """Delete wishes that were last asked for a month ago, and return how many. Raises Unavailable."""
    now = timezone.now()
    with outages():
        stale = Wanted.objects.filter(asked_at__lt=now - _STALE)
        return stale.filter(Q(leased_until=None) | Q(leased_until__lt=now)).delete()[0]


def _inserted_values(row: Wanted) -> tuple[Any, ...]:
    """One for each of _INSERTED_COLUMNS."""
    return (
        row.names,
        row.v1,
        row.v2,
        json.dumps(row.trackers),
        row.awaited,
        datetime_parameter(row.asked_at),
        datetime_parameter(row.next_try),
    )


def _make_room(new: int) -> None:
    """Keep the queue within WANTED_MAX: wishes that were searched for in vain give way, the longest unasked first."""
    if not new or _count_at_most() + new <= settings.WANTED_MAX:
        return
    excess = Wanted.objects.count() + new - settings.WANTED_MAX
    if excess > 0:
        idle = Wanted.objects.filter(attempts__gt=0, leased_until=None).order_by("asked_at")
        victims = list(idle.values_list("pk", flat=True)[:excess])
        if len(victims) < excess:
            raise TooManyWishes(
                "The queue of torrents to look for is full; please ask again later.", _RETRY_WHEN_FULL
            )
        Wanted.objects.filter(pk__in=victims).delete()


def _count_at_most() -> int:
    """An upper bound of the number of rows, at a constant price: counting takes longer the more there are."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_AT_MOST)
        return int(cursor.fetchone()[0])
