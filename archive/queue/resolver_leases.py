"""Leases of wishes by resolvers: which wishes to search for now, and what came of the searches.

    resolver A                                    resolver B
    ----------                                    ----------
    1. claim_wishes: leased until now + 15 s      does not see them
    2. renew_leases every 5 s                     does not see them
    3a. the torrent is deposited: the wish leaves the queue (`fulfil`)
    3b. record_misses: rests for a growing time (`retry`); give_up_wish: rests for a month
    3c. A dies, so it renews no more       ──►    reclaim_expired_leases, then 1.
    3d. A stops: release_leases            ──►    1. at once

A resolver that lost a lease cannot settle the wish any more: every statement names the resolver.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from archive.db.async_commit import async_commit
from archive.db.driver import choose, datetime_parameter
from archive.db.notify import NEW_WISHES, notify_on_commit
from archive.db.outages import outages
from archive.db.sql import placeholders
from archive.models import Wanted
from archive.queue.retry import GIVEN_UP_FOR, delay_after_deaths, delay_after_misses
from archive.queue.settlement_notifications import notify_missed
from archive.queue.wish_rows import REST_COLUMNS, rest_row
from archive.takedowns.find_blocked import find_blocked

LEASE_TIME = timedelta(seconds=15)

# Two conditions that the index wanted_due has in order; the ORM takes five times as long for these statements.
_DUE = "FROM archive_wanted WHERE leased_until IS NULL AND awaited = %s AND next_try <= %s"
_IS_ANY_DUE = f"SELECT EXISTS (SELECT 1 {_DUE}) OR EXISTS (SELECT 1 {_DUE})"  # noqa: S608
_CLAIM = f"""
    UPDATE archive_wanted SET leased_by = %s, leased_until = %s
    WHERE id IN (SELECT id {_DUE} ORDER BY next_try LIMIT %s {{}})
    RETURNING id, v1, v2, trackers, awaited
"""  # noqa: S608
_STILL_LEASED = "SELECT id FROM archive_wanted WHERE leased_by = %s AND id IN ({})"


@dataclass(frozen=True, slots=True)
class LeasedWish:
    """A torrent to search for, by one or both of its infohashes.

    `awaited`: a request waited for it when it was claimed. `peers` are not in the queue: the resolver adds those of
    the peer hints that it receives, and they are kept in its memory alone.
    """

    row_id: int
    v1: bytes | None
    v2: bytes | None
    trackers: tuple[str, ...]
    awaited: bool
    peers: set[tuple[str, int]] = field(default_factory=set, compare=False)

    @property
    def wish_key(self) -> bytes:
        """As that of the request (`wish_request.wish_key`)."""
        return (self.v1 or b"") + (self.v2 or b"")


def claim_wishes(resolver: str, limit: int) -> list[LeasedWish]:
    """Lease up to so many wishes that are due: awaited ones first, then by how long they have been due.

    No wish goes to two resolvers. Wishes that are blocked by now are deleted. Raises Unavailable.
    """
    now = datetime_parameter(timezone.now())
    with outages(), connection.cursor() as cursor:
        cursor.execute(_IS_ANY_DUE, [True, now, False, now])
        if limit < 1 or not cursor.fetchone()[0]:
            return []
        row_lock = choose(
            sqlite="", postgresql="FOR UPDATE SKIP LOCKED"
        )  # SQLite has one writer, no row locks
        lease = [resolver, datetime_parameter(timezone.now() + LEASE_TIME)]
        wishes: list[LeasedWish] = []
        with async_commit():
            for awaited in (True, False):
                cursor.execute(_CLAIM.format(row_lock), [*lease, awaited, now, limit - len(wishes)])
                wishes += map(_build_wish, cursor.fetchall())
            return _delete_blocked(wishes)


def renew_leases(resolver: str, row_ids: Iterable[int]) -> None:
    """To be called well within LEASE_TIME for all wishes that it still works on. Raises Unavailable."""
    if not (own := list(row_ids)):
        return
    with outages(), async_commit():
        leased = Wanted.objects.filter(leased_by=resolver, pk__in=own)
        leased.update(leased_until=timezone.now() + LEASE_TIME)


def reclaim_expired_leases() -> None:
    """Free the wishes of resolvers that died, which count as missed. Raises Unavailable.

    After the first death a wish is due at once, since most likely it was not the cause. A wish over which several
    died rests for a growing, random time, so that in the end it is searched for alone.
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
            if delay := delay_after_deaths(row.deserted):
                row.next_try, row.awaited = now + delay, False
        columns = ["leased_by", "leased_until", "deserted", "attempts", "tried_at", "next_try", "awaited"]
        Wanted.objects.bulk_update(rows, columns, batch_size=100)
        if rows:
            notify_on_commit(NEW_WISHES)
            notify_missed(bytes(row.names) for row in rows if row.next_try > now)


def release_leases(resolver: str) -> None:
    """Leave all its wishes to other resolvers at once, as it stops. Raises Unavailable."""
    with outages(), async_commit():
        Wanted.objects.filter(leased_by=resolver).update(leased_by="", leased_until=None)
        notify_on_commit(NEW_WISHES)


def record_misses(wishes: Sequence[LeasedWish], resolver: str) -> None:
    """The network did not bring these: they rest, the longer the more often. Raises Unavailable."""
    _settle_wishes({wish.row_id: (wish, "") for wish in wishes}, resolver)


def give_up_wish(wish: LeasedWish, resolver: str, reason: str) -> None:
    """The archive does not take what was found: the wish rests for a month. Raises Unavailable."""
    _settle_wishes({wish.row_id: (wish, reason)}, resolver)


def _delete_blocked(wishes: list[LeasedWish]) -> list[LeasedWish]:
    """Delete the rows of those that are blocked, and return the others."""
    infohashes = {wish: [infohash for infohash in (wish.v1, wish.v2) if infohash] for wish in wishes}
    reasons = find_blocked(infohash for some in infohashes.values() for infohash in some)
    blocked = {wish.row_id for wish, some in infohashes.items() if any(one in reasons for one in some)}
    if blocked:
        Wanted.objects.filter(pk__in=blocked).delete()
    return [wish for wish in wishes if wish.row_id not in blocked]


def _build_wish(row: tuple[int, bytes | None, bytes | None, str, bool]) -> LeasedWish:
    row_id, v1, v2, trackers, awaited = row
    return LeasedWish(
        row_id=row_id,
        v1=bytes(v1) if v1 else None,
        v2=bytes(v2) if v2 else None,
        trackers=tuple(json.loads(trackers)),
        awaited=bool(awaited),
    )


def _settle_wishes(outcomes: dict[int, tuple[LeasedWish, str]], resolver: str) -> None:
    """`outcomes` by row id: the wish, and the reason if it is given up. Rows that lost the lease are left alone."""
    if not _is_any_leased(list(outcomes), resolver):
        return
    now = timezone.now()
    with outages(), async_commit():
        leased = Wanted.objects.select_for_update().filter(pk__in=outcomes, leased_by=resolver)
        rows = list(leased.order_by("pk"))
        for row in rows:
            _settle_row(row, *outcomes[row.pk], now)
        columns = [*REST_COLUMNS, "attempts", "tried_at", "peers_tried"]
        Wanted.objects.bulk_update(rows, columns, batch_size=100)
        notify_missed(bytes(row.names) for row in rows if row.next_try > now)


def _is_any_leased(row_ids: list[int], resolver: str) -> bool:
    """Whether any row still has this lease. Hardly ever after a deposit: that deletes the rows that it fulfils."""
    with outages(), connection.cursor() as cursor:
        cursor.execute(_STILL_LEASED.format(placeholders(row_ids)), [resolver, *row_ids])
        return cursor.fetchone() is not None


def _settle_row(row: Wanted, wish: LeasedWish, reason: str, now: datetime) -> None:
    row.attempts, row.tried_at = row.attempts + 1, now
    awaited = row.awaited
    has_new_trackers = not set(row.trackers) <= set(wish.trackers)  # named by requests during the search
    if has_new_trackers and not reason:
        rest_row(row, now)
        row.awaited = awaited
        return
    rest_row(row, now + (GIVEN_UP_FOR if reason else delay_after_misses(row.attempts)), reason)
    row.peers_tried = bool(wish.peers)
