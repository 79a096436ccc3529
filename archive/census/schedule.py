"""Plans which torrents' peers are counted when, and shares them among any number of census processes.

The plan. To count the peers of one torrent costs some hundred packets and seconds of waiting, so fifty million cannot
be counted every day, and need not be: most have no peers and never will again, and few are ever asked for.

    asked for in the last week   four times a day: its figures are read, and distinct peers of a day add up
    has peers                    daily: the unit of the figures is a day
    had none at the last count   after 2, 4, 8 … 64 days: a swarm that comes back to life is found late, but the dead
                                 cost a sixtieth of the living
    new                          as if counted once without a peer

With one torrent in fifty alive, a million torrents are 20,000 + 980,000 / 64 = 35,000 counts a day in the long run.

What that costs (`bench/census.py`, `bench/peer_history.py`; two cores that were busy with other work): a count is 5
to 7 ms of CPU, so a million torrents are four minutes of it a day. One process, which has 200 counts under way at
once and waits most of the time, did 23 to 49 a second: two million or more a day, what fifty million torrents need.
In the index a million torrents are 12.8 million rows a year, of 121 bytes on PostgreSQL (1.55 GB) and 45 on SQLite
(0.58 GB).

How processes share the work, by the row of a torrent in `Watched`:

1. `enrol_new_torrents` inserts a row for each stored torrent that has none;
2. `claim_due_torrents` takes rows whose `due` has come and moves `due` ahead by LEASE, so that no other process
   claims them; if the process ends before the count does, the row is due again after LEASE;
3. `daily_peers.record_count` writes the count and the next `due`. Where that is still today it writes to `known_to`
   which process holds today's hashes of this torrent's peers: for ten minutes the row is due for that process alone,
   since no other can tell which peers were counted already.
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

_LEASE = timedelta(minutes=10)  # a count takes seconds; a process that takes longer has died
_RESERVED_FOR = timedelta(minutes=10)  # after `due`, for the process that knows this day's peers
_ASKED_LATELY = timedelta(days=7)
_DELAY_IF_ASKED = timedelta(hours=6)
_NOTE_REQUEST_EVERY = timedelta(hours=1)  # of one torrent, to spare the database
_MAX_DOUBLINGS = 6
_ENROL_BATCH = 10_000
_ENROL = """
    INSERT INTO archive_watched (torrent_id, due, misses, peers)
    SELECT id, %s, 1, 0 FROM archive_torrent WHERE id > %s ORDER BY id LIMIT %s
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class DueTorrent:
    """A torrent whose peers are to be counted now, by its row id, and the trackers that its copies name."""

    torrent: int
    infohashes: tuple[bytes, ...]
    trackers: tuple[str, ...]


def delay_until_next_count(misses: int, asked_at: datetime | None, now: datetime) -> timedelta:
    """How long after a count the next one is due: the plan above.

    `misses`: counts since the last that found a peer, this one included.
    """
    if asked_at and now - asked_at < _ASKED_LATELY:
        return _DELAY_IF_ASKED
    return timedelta(days=2 ** min(misses, _MAX_DOUBLINGS))


def request_counts(torrent: int) -> None:
    """Note that a reader asked for the peers of the torrent with this row id. Raises Unavailable.

    Its peers are counted soon, and more often for a week.
    """
    now = timezone.now()
    with outages():
        row, new = Watched.objects.get_or_create(pk=torrent, defaults={"due": now, "asked_at": now})
        if not new and (row.asked_at is None or now - row.asked_at > _NOTE_REQUEST_EVERY):
            due = min(row.due, (row.looked_at or now) + _DELAY_IF_ASKED)
            Watched.objects.filter(pk=torrent).update(asked_at=now, due=due)


def count_at_once(torrents: Iterable[int]) -> int:
    """Make the torrents with these row ids due now, and count them often for a week, as an operator asks for.

    Returns how many; torrents that the census does not know yet are left out. Raises Unavailable.
    """
    now = timezone.now()
    with outages():
        return Watched.objects.filter(pk__in=list(torrents)).update(due=now, asked_at=now)


def enrol_new_torrents() -> int:
    """Make known to the census torrents that it does not know, the longest stored first; returns how many.

    One call enrols at most `_ENROL_BATCH`: call it until it returns 0. Raises Unavailable.
    """
    with outages(), connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(torrent_id), 0) FROM archive_watched")
        newest_known = int((cursor.fetchone() or [0])[0])
        # Where several processes write at once, rows become visible in another order than that of their ids.
        since = max(0, newest_known - _ENROL_BATCH // 2)
        cursor.execute(_ENROL, [timezone.now(), since, _ENROL_BATCH])
        return int(cursor.rowcount)


def claim_due_torrents(limit: int, census_id: int) -> list[DueTorrent]:
    """Claim at most so many torrents that are due, those that were asked for first. Raises Unavailable.

    No other process gets them for `_LEASE`. Rows that another process claims at this moment are passed over.
    """
    now = timezone.now()
    claimable = Q(known_to=None) | Q(known_to=census_id) | Q(due__lte=now - _RESERVED_FOR)
    due = Watched.objects.filter(claimable, due__lte=now)
    with outages(), transaction.atomic():
        claimed = _lock_longest_due(due.filter(asked_at__gt=now - _ASKED_LATELY), limit)
        claimed += _lock_longest_due(due.exclude(pk__in=claimed), limit - len(claimed))
        Watched.objects.filter(pk__in=claimed).update(due=now + _LEASE)
    with outages():
        rows = Torrent.objects.filter(pk__in=claimed).prefetch_related("later_trackers")
        return [_due_torrent(row) for row in rows]


def _lock_longest_due(due: QuerySet[Watched], limit: int) -> list[int]:
    locked = due.select_for_update(skip_locked=True).order_by("due")
    return list(locked.values_list("pk", flat=True)[:limit]) if limit > 0 else []


def _due_torrent(row: Torrent) -> DueTorrent:
    stored = read_verified(row.infohash)
    own: Sequence[str] = stored[1].trackers if stored else ()
    later = (tracker.url for tracker in row.later_trackers.all())
    return DueTorrent(row.pk, row.infohashes, tuple(dict.fromkeys([*own, *later])))
