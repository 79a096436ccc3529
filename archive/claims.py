"""A resolver's side of the queue of wishes: what to search for now, and what came of it.

A wish is searched for by whoever holds its lease. A resolver that dies stops renewing, and others take over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from archive.hasty import hasty
from archive.models import Wanted
from archive.outage import outages
from archive.takedown import blocked
from archive.wake import SETTLED, WANTED, ring

LEASE = timedelta(seconds=15)
_MONTH = timedelta(days=30)
_GAPS = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480, 1440, 4320)]


@dataclass(frozen=True, slots=True)
class Wish:
    """A torrent to search for, by one or both of its infohashes."""

    number: int
    v1: bytes | None
    v2: bytes | None
    trackers: tuple[str, ...]
    peers: tuple[tuple[str, int], ...]


def claim(resolver: str, most: int) -> list[Wish]:
    """Take the lease of up to so many wishes: those first that somebody waits for, then the longest due.

    No wish goes to two resolvers. Blocked ones are struck off. Raises Unavailable.
    """
    now = timezone.now()
    due = Wanted.objects.filter(next_try__lte=now).filter(Q(leased_until=None) | Q(leased_until__lt=now))
    with outages():
        if most < 1 or not due.exists():
            return []
        with hasty():  # immediate on SQLite, which has one writer and no row locks
            rows = list(due.select_for_update(skip_locked=True).order_by("-awaited", "next_try")[:most])
            rows = _strike_off_blocked(rows)
            leased = Wanted.objects.filter(pk__in=[row.pk for row in rows])
            leased.update(leased_by=resolver, leased_until=now + LEASE)
    return [_wish(row) for row in rows]


def renew(resolver: str, numbers: Iterable[int]) -> None:
    """To be called well within LEASE for the wishes that it still works on. Raises Unavailable."""
    with outages(), hasty():
        leased = Wanted.objects.filter(leased_by=resolver, pk__in=list(numbers))
        leased.update(leased_until=timezone.now() + LEASE)


def release(resolver: str) -> None:
    """It stops; what it has not settled is for others, at once. Raises Unavailable."""
    with outages(), hasty():
        Wanted.objects.filter(leased_by=resolver).update(leased_by="", leased_until=None)
        ring(WANTED)


def missed(wishes: Sequence[Wish], resolver: str) -> None:
    """The network did not bring these: try again later, with growing gaps. Raises Unavailable."""
    _settle({wish.number: (wish, "") for wish in wishes}, resolver)


def give_up(wish: Wish, resolver: str, reason: str) -> None:
    """The archive does not take what was found; not again for a month. Raises Unavailable."""
    _settle({wish.number: (wish, reason)}, resolver)


def forget() -> int:
    """Strike off what nobody has asked for in a month, and return how many. Raises Unavailable."""
    now = timezone.now()
    with outages():
        idle = Wanted.objects.filter(asked_at__lt=now - _MONTH)
        return idle.filter(Q(leased_until=None) | Q(leased_until__lt=now)).delete()[0]


def _strike_off_blocked(rows: list[Wanted]) -> list[Wanted]:
    names = {row: [bytes(name) for name in (row.v1, row.v2) if name] for row in rows}
    reasons = blocked(name for each in names.values() for name in each)
    gone = [row for row in rows if any(name in reasons for name in names[row])]
    Wanted.objects.filter(pk__in=[row.pk for row in gone]).delete()
    return [row for row in rows if row not in gone]


def _wish(row: Wanted) -> Wish:
    return Wish(
        number=row.pk,
        v1=bytes(row.v1) if row.v1 else None,
        v2=bytes(row.v2) if row.v2 else None,
        trackers=tuple(row.trackers),
        peers=tuple((host, port) for host, port in row.peers),
    )


def _settle(outcomes: dict[int, tuple[Wish, str]], resolver: str) -> None:
    now = timezone.now()
    with outages(), hasty():
        rows = Wanted.objects.select_for_update().filter(pk__in=outcomes, leased_by=resolver).order_by("pk")
        settled = [_close(row, *outcomes[row.pk], now) for row in rows]
        columns = ["attempts", "tried_at", "next_try", "given_up", "peers", "peers_tried", "awaited"]
        Wanted.objects.bulk_update(settled, [*columns, "leased_by", "leased_until"], batch_size=100)
        if over := [row.pk for row in settled if row.next_try > now]:
            ring(SETTLED, over)


def _close(row: Wanted, wish: Wish, reason: str, now: datetime) -> Wanted:
    gap = _MONTH if reason else _GAPS[min(row.attempts, len(_GAPS) - 1)]
    if not reason and _learnt(row, wish):
        gap = timedelta()
    else:
        row.peers, row.peers_tried, row.awaited = [], bool(wish.peers), False
    row.attempts, row.tried_at, row.next_try, row.given_up = row.attempts + 1, now, now + gap, reason
    row.leased_by, row.leased_until = "", None
    return row


def _learnt(row: Wanted, wish: Wish) -> bool:
    """Whether somebody named more trackers or peers while the search was under way."""
    known = _wish(row)
    return bool({*known.trackers, *known.peers} - {*wish.trackers, *wish.peers})
