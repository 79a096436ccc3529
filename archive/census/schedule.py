"""Which torrents' peers are to be counted, how often, and by whom: any number of processes share the work.

The plan. To look at one torrent costs some hundred packets and seconds of waiting, so fifty million cannot be looked
at every day, and need not be: most have no peers and never will again, and few are ever asked for. What somebody
asked for in the last week is looked at four times a day, since its figures are read, and since distinct peers of a
day add up over its looks. What has peers is looked at daily, as the unit of the figures is a day. What had none is
looked at after 2, 4, 8 … 64 days: a swarm that comes back to life is found late, but the dead cost a sixtieth of the
living; what is new counts as looked at in vain once. With one torrent in fifty alive, a million torrents are
20,000 + 980,000 / 64 = 35,000 looks a day in the long run.

What that costs (`bench/census.py`, `bench/peer_history.py`; two cores that were busy with other work): a look is 5 to
7 ms of CPU, so a million torrents are four minutes of it a day. One process, which has 200 looks under way at once
and waits most of the time, did 23 to 49 a second: two million or more a day, what fifty million torrents need. In the
index they are 12.8 million rows a year, of 121 bytes on PostgreSQL (1.55 GB) and 45 on SQLite (0.58 GB).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from archive.db.outages import outages
from archive.models import Torrent, Watched
from archive.store import read_verified

LEASE = timedelta(minutes=10)  # a look takes seconds; who takes longer has died
_OTHERS_WAIT = timedelta(minutes=10)
_LATELY = timedelta(days=7)
_ASKED_GAP = timedelta(hours=6)
_LONGEST = 6  # doublings
_ENROLLED_AT_ONCE = 10_000
_ENROL = """
    INSERT INTO archive_watched (torrent_id, due, misses, peers)
    SELECT id, %s, 1, 0 FROM archive_torrent WHERE id > %s ORDER BY id LIMIT %s
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class DueTorrent:
    """A torrent whose peers are to be counted now."""

    torrent: int
    infohashes: tuple[bytes, ...]
    trackers: tuple[str, ...]


def delay_until_next_count(misses: int, asked_at: datetime | None, now: datetime) -> timedelta:
    """How long after a look the next one is due. The reasons are above."""
    if asked_at and now - asked_at < _LATELY:
        return _ASKED_GAP
    return timedelta(days=2 ** min(misses, _LONGEST))


def request_counts(torrent: int) -> None:
    """Somebody wants to know its peers: it is looked at soon, and more often for a week. Raises Unavailable."""
    now = timezone.now()
    with outages():
        row, new = Watched.objects.get_or_create(pk=torrent, defaults={"due": now, "asked_at": now})
        if not new and (row.asked_at is None or now - row.asked_at > _ASKED_GAP / 6):
            due = min(row.due, (row.looked_at or now) + _ASKED_GAP)
            Watched.objects.filter(pk=torrent).update(asked_at=now, due=due)


def count_at_once(torrents: Iterable[int]) -> int:
    """Make these torrents due now, and count them often for a week, as an operator asks for; returns how many.

    Torrents that the census does not know yet are left out. Raises Unavailable.
    """
    now = timezone.now()
    with outages():
        return Watched.objects.filter(pk__in=list(torrents)).update(due=now, asked_at=now)


def enrol_new_torrents() -> int:
    """Bring in torrents that the census does not know yet, the longest stored first; how many. Raises Unavailable."""
    with outages(), connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(torrent_id), 0) FROM archive_watched")
        known = int((cursor.fetchone() or [0])[0])
        # Rows become visible in another order than that of their numbers where several write at once.
        since = max(0, known - _ENROLLED_AT_ONCE // 2)
        cursor.execute(_ENROL, [timezone.now(), since, _ENROLLED_AT_ONCE])
        return int(cursor.rowcount)


def claim_due_torrents(most: int, me: int) -> list[DueTorrent]:
    """Up to so many that are due, asked for ones first; nobody else gets them for LEASE. Raises Unavailable.

    What another census knows more about (`marks`) is left to it at first, as it alone can tell whom it has counted.
    """
    now = timezone.now()
    mine = Q(known_to=None) | Q(known_to=me) | Q(due__lte=now - _OTHERS_WAIT)
    due = Watched.objects.filter(mine, due__lte=now)
    with outages(), transaction.atomic():
        numbers = _take(due.filter(asked_at__gt=now - _LATELY), most)
        numbers += _take(due.exclude(pk__in=numbers), most - len(numbers))
        Watched.objects.filter(pk__in=numbers).update(due=now + LEASE)
    with outages():
        rows = Torrent.objects.filter(pk__in=numbers).prefetch_related("later_trackers")
        return [_subject(row) for row in rows]


def _take(due: QuerySet[Watched], most: int) -> list[int]:
    locked = due.select_for_update(skip_locked=True).order_by("due")
    return list(locked.values_list("pk", flat=True)[:most]) if most > 0 else []


def _subject(row: Torrent) -> DueTorrent:
    stored = read_verified(row.infohash)
    own: Sequence[str] = stored[1].trackers if stored else ()
    later = (tracker.url for tracker in row.later_trackers.all())
    return DueTorrent(row.pk, row.infohashes, tuple(dict.fromkeys([*own, *later])))
