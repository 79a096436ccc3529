"""A resolver's side of the queue of wishes: what to search for now, and what came of it.

A wish is searched for by whoever holds its lease. A resolver that dies stops renewing, and others take over.
"""

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from archive.db.async_commit import async_commit
from archive.db.driver import choose, datetime_parameter
from archive.db.notify import NEW_WISHES, SETTLED_WISHES, notify_on_commit
from archive.db.outages import outages
from archive.db.sql import placeholders
from archive.models import Wanted
from archive.takedowns.takedown import find_blocked

LEASE_TIME = timedelta(seconds=15)
_MONTH = timedelta(days=30)
_GAPS = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480, 1440, 4320)]

# Two conditions that the index wanted_due has in order; the ORM takes five times as long for these statements.
_DUE = "FROM archive_wanted WHERE leased_until IS NULL AND awaited = %s AND next_try <= %s"
_IS_ANY_DUE = f"SELECT EXISTS (SELECT 1 {_DUE}) OR EXISTS (SELECT 1 {_DUE})"  # noqa: S608
_CLAIM = f"""
    UPDATE archive_wanted SET leased_by = %s, leased_until = %s
    WHERE id IN (SELECT id {_DUE} ORDER BY next_try LIMIT %s {{}})
    RETURNING id, v1, v2, trackers
"""  # noqa: S608
_STILL_LEASED = "SELECT id FROM archive_wanted WHERE leased_by = %s AND id IN ({})"


@dataclass(frozen=True, slots=True)
class LeasedWish:
    """A torrent to search for, by one or both of its infohashes.

    `peers` are in no queue: the resolver adds those that it has been told, and they are gone with it.
    """

    number: int
    v1: bytes | None
    v2: bytes | None
    trackers: tuple[str, ...]
    peers: set[tuple[str, int]] = field(default_factory=set, compare=False)

    @property
    def names(self) -> bytes:
        """As `note` writes it down."""
        return (self.v1 or b"") + (self.v2 or b"")


def claim_wishes(resolver: str, most: int) -> list[LeasedWish]:
    """Take the lease of up to so many wishes: those first that somebody waits for, then the longest due.

    No wish goes to two resolvers. Blocked ones are struck off. Raises Unavailable.
    """
    now = datetime_parameter(timezone.now())
    with outages(), connection.cursor() as cursor:
        cursor.execute(_IS_ANY_DUE, [True, now, False, now])
        if most < 1 or not cursor.fetchone()[0]:
            return []
        row_lock = choose(
            sqlite="", postgresql="FOR UPDATE SKIP LOCKED"
        )  # SQLite has one writer and no row locks
        lease = [resolver, datetime_parameter(timezone.now() + LEASE_TIME)]
        wishes: list[LeasedWish] = []
        with async_commit():
            for awaited in (True, False):
                few = [*lease, awaited, now, most - len(wishes)]
                cursor.execute(_CLAIM.format(row_lock), few)
                wishes += map(_wish, cursor.fetchall())
            return _without_blocked(wishes)


def renew_leases(resolver: str, numbers: Iterable[int]) -> None:
    """To be called well within LEASE for the wishes that it still works on. Raises Unavailable."""
    if not (mine := list(numbers)):
        return
    with outages(), async_commit():
        leased = Wanted.objects.filter(leased_by=resolver, pk__in=mine)
        leased.update(leased_until=timezone.now() + LEASE_TIME)


def reclaim_expired_leases() -> None:
    """Free what resolvers held that have died. Raises Unavailable.

    The first time it is searched for again at once: most likely it was not the cause. What kills one after another
    gets a gap that grows, and is never the same for two, so that it comes alone in the end.
    """
    now = timezone.now()
    with outages():
        if not Wanted.objects.filter(leased_until__lt=now).exists():
            return
    with outages(), async_commit():
        rows = list(Wanted.objects.select_for_update(skip_locked=True).filter(leased_until__lt=now))
        for row in rows:
            row.leased_by, row.leased_until, row.deserted = "", None, row.deserted + 1
            row.attempts, row.tried_at = row.attempts + 1, now
            if row.deserted > 1:
                gap = _GAPS[min(row.deserted - 2, len(_GAPS) - 1)]
                row.next_try, row.awaited = now + gap * random.uniform(0.5, 1.5), False  # noqa: S311
        columns = ["leased_by", "leased_until", "deserted", "attempts", "tried_at", "next_try", "awaited"]
        Wanted.objects.bulk_update(rows, columns, batch_size=100)
        if rows:
            notify_on_commit(NEW_WISHES)
            notify_on_commit(SETTLED_WISHES, [bytes(row.names).hex() for row in rows if row.next_try > now])


def release_leases(resolver: str) -> None:
    """It stops; what it has not settled is for others, at once. Raises Unavailable."""
    with outages(), async_commit():
        Wanted.objects.filter(leased_by=resolver).update(leased_by="", leased_until=None)
        notify_on_commit(NEW_WISHES)


def record_misses(wishes: Sequence[LeasedWish], resolver: str) -> None:
    """The network did not bring these: try again later, with growing gaps. Raises Unavailable."""
    _settle({wish.number: (wish, "") for wish in wishes}, resolver)


def give_up_wish(wish: LeasedWish, resolver: str, reason: str) -> None:
    """The archive does not take what was found; not again for a month. Raises Unavailable."""
    _settle({wish.number: (wish, reason)}, resolver)


def delete_stale_wishes() -> int:
    """Strike off what nobody has asked for in a month, and return how many. Raises Unavailable."""
    now = timezone.now()
    with outages():
        idle = Wanted.objects.filter(asked_at__lt=now - _MONTH)
        return idle.filter(Q(leased_until=None) | Q(leased_until__lt=now)).delete()[0]


def _without_blocked(wishes: list[LeasedWish]) -> list[LeasedWish]:
    names = {wish: [name for name in (wish.v1, wish.v2) if name] for wish in wishes}
    reasons = find_blocked(name for each in names.values() for name in each)
    gone = {wish.number for wish in wishes if any(name in reasons for name in names[wish])}
    if gone:
        Wanted.objects.filter(pk__in=gone).delete()
    return [wish for wish in wishes if wish.number not in gone]


def _wish(row: tuple[int, bytes | None, bytes | None, str]) -> LeasedWish:
    number, v1, v2, trackers = row
    return LeasedWish(
        number=number,
        v1=bytes(v1) if v1 else None,
        v2=bytes(v2) if v2 else None,
        trackers=tuple(json.loads(trackers)),
    )


def _settle(outcomes: dict[int, tuple[LeasedWish, str]], resolver: str) -> None:
    if not _any_is_left(outcomes, resolver):
        return
    now = timezone.now()
    with outages(), async_commit():
        rows = Wanted.objects.select_for_update().filter(pk__in=outcomes, leased_by=resolver).order_by("pk")
        settled = [_close(row, *outcomes[row.pk], now) for row in rows]
        columns = ["attempts", "tried_at", "next_try", "given_up", "peers_tried", "awaited"]
        Wanted.objects.bulk_update(
            settled, [*columns, "leased_by", "leased_until", "deserted"], batch_size=100
        )
        if over := [bytes(row.names).hex() for row in settled if row.next_try > now]:
            notify_on_commit(SETTLED_WISHES, over)


def _any_is_left(numbers: Iterable[int], resolver: str) -> bool:
    """Of those that were found hardly ever one: they went as they were met."""
    asked = list(numbers)
    with outages(), connection.cursor() as cursor:
        cursor.execute(_STILL_LEASED.format(placeholders(asked)), [resolver, *asked])
        return cursor.fetchone() is not None


def _close(row: Wanted, wish: LeasedWish, reason: str, now: datetime) -> Wanted:
    gap = _MONTH if reason else _GAPS[min(row.attempts, len(_GAPS) - 1)]
    if not reason and not set(row.trackers) <= set(wish.trackers):  # more were named during the search
        gap = timedelta()
    else:
        row.peers_tried, row.awaited = bool(wish.peers), False
    row.attempts, row.tried_at, row.next_try, row.given_up = row.attempts + 1, now, now + gap, reason
    row.leased_by, row.leased_until, row.deserted = "", None, 0
    return row
