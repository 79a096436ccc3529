"""Writing wishes down: new ones, and old ones that are asked for again. Nearly all are new, and those go fast."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from archive.db.async_commit import async_commit
from archive.db.driver import datetime_parameter
from archive.db.notify import NEW_WISHES, notify_on_commit
from archive.db.sql import chunks, insert_rows, placeholders
from archive.errors import TooManyWishes
from archive.models import Wanted
from archive.queue.peer_hints import send_peer_hints
from archive.queue.quota import charge_searches
from metainfo.magnet import Magnet

RECENT_MISS = timedelta(minutes=10)  # so long a miss is an answer; whoever asks later makes us look again
_FRESH = timedelta(hours=1)  # it is written down that often that a wish is still asked for
_HINTS = 20  # trackers of one wish
_A_WHILE = 60  # seconds

# The ORM takes five times as long for each of these.
_KNOWN = "SELECT names FROM archive_wanted WHERE names IN ({})"
_COLUMNS = ("names", "v1", "v2", "trackers", "awaited", "asked_at", "next_try")
_AT_MOST = "SELECT coalesce(max(id) - min(id) + 1, 0) FROM archive_wanted"


@dataclass(frozen=True, slots=True)
class WishRequest:
    """`asker`: the address that this comes from. It is not written down; one address has a share of the queue.

    `awaited`: somebody waits for the answer, so it goes first.
    """

    magnet: Magnet
    asker: str
    awaited: bool = False


def wish_key(magnet: Magnet) -> bytes:
    """Both hashes together: who pairs a hash with one that is not its own harms his own wish alone."""
    return (magnet.v1 or b"") + (magnet.v2 or b"")


def find_rows(wishes: Iterable[bytes]) -> dict[bytes, Wanted]:
    """Those that are in the queue, by name."""
    asked = list(wishes)
    known: list[bytes] = []
    with connection.cursor() as cursor:
        for some in chunks(asked):
            cursor.execute(_KNOWN.format(placeholders(some)), some)
            known += [bytes(name) for (name,) in cursor.fetchall()]
    return {bytes(row.names): row for row in Wanted.objects.filter(names__in=known)} if known else {}


def write_requests(asked: Iterable[WishRequest]) -> tuple[dict[bytes, Wanted], dict[str, TooManyWishes]]:
    """The queue's rows by name, and the askers who have had their share: of theirs nothing new is written.

    All the others are noted, or none. Raises TooManyWishes where the queue is full.
    """
    now = timezone.now()
    wishes = sorted(((wish_key(one.magnet), one) for one in asked), key=lambda wish: wish[0])
    found = find_rows({name for name, _ in wishes})
    refused = _charge(wishes, found, now)
    new: list[Wanted] = []
    changed: list[Wanted] = []
    for name, one in wishes:
        if one.asker in refused:
            continue
        if (row := found.get(name)) is None:
            found[name] = row = _row(name, one, now)
            new.append(row)
        elif _ask_again(row, one, now) and row.pk:
            changed.append(row)
    send_peer_hints(
        (name, one.magnet.peers)
        for name, one in wishes
        if one.asker not in refused and found[name].next_try <= now
    )
    if new or changed:
        with async_commit():
            _make_room(len(new))
            _write(new, changed)
        notify_on_commit(NEW_WISHES)
    return found, refused


def _charge(
    wishes: Sequence[tuple[bytes, WishRequest]], found: dict[bytes, Wanted], now: datetime
) -> dict[str, TooManyWishes]:
    """What costs is that the network is asked."""
    price = Counter(
        one.asker
        for name, one in dict(wishes).items()
        if name not in found or _is_due_again(found[name], one.magnet, now)
    )
    refused: dict[str, TooManyWishes] = {}
    for asker, count in price.items():
        try:
            charge_searches(asker, count)
        except TooManyWishes as refusal:
            refused[asker] = refusal
    return refused


def _row(name: bytes, asked: WishRequest, now: datetime) -> Wanted:
    magnet = asked.magnet
    return Wanted(
        names=name,
        v1=magnet.v1,
        v2=magnet.v2,
        trackers=list(magnet.trackers[:_HINTS]),
        awaited=asked.awaited,
        asked_at=now,
        next_try=now,
        since=now,
    )


def _ask_again(row: Wanted, asked: WishRequest, now: datetime) -> bool:
    """Bring an old wish up to date; False where there is nothing to write."""
    again = _is_due_again(row, asked.magnet, now)
    trackers = _new_trackers(row, asked.magnet)
    hasten = asked.awaited and not row.awaited and (again or row.next_try <= now)
    if not (again or hasten or trackers or row.asked_at < now - _FRESH):
        return False
    row.trackers = row.trackers + trackers
    row.awaited, row.asked_at = row.awaited or hasten, now
    row.next_try = now if again else row.next_try
    return True


def _is_due_again(row: Wanted, magnet: Magnet, now: datetime) -> bool:
    """It rests, but there is a reason to search now."""
    # Where the last search knew peers, these are most likely the same; they are not kept for comparison.
    peers = magnet.peers and not row.peers_tried
    reason = _missed_long_ago(row, now) or peers or _new_trackers(row, magnet)
    return row.next_try > now and not row.given_up and bool(reason)


def _new_trackers(row: Wanted, magnet: Magnet) -> list[str]:
    """That the row does not name yet."""
    return [url for url in magnet.trackers if url not in row.trackers][: _HINTS - len(row.trackers)]


def _missed_long_ago(row: Wanted, now: datetime) -> bool:
    return row.tried_at is None or row.tried_at < now - RECENT_MISS


def _make_room(new: int) -> None:
    """The queue has an end. What was looked for in vain and not asked for since the longest time gives way."""
    if not new or _at_most() + new <= settings.WANTED_MAX:
        return
    excess = Wanted.objects.count() + new - settings.WANTED_MAX
    if excess > 0:
        idle = Wanted.objects.filter(attempts__gt=0, leased_until=None).order_by("asked_at")
        victims = list(idle.values_list("pk", flat=True)[:excess])
        if len(victims) < excess:
            raise TooManyWishes(
                "The queue of torrents to look for is full; please ask again later.", _A_WHILE
            )
        Wanted.objects.filter(pk__in=victims).delete()


def _at_most() -> int:
    """There are no more than this; to count them takes longer the more they are."""
    with connection.cursor() as cursor:
        cursor.execute(_AT_MOST)
        return int(cursor.fetchone()[0])


def _values(row: Wanted) -> tuple[Any, ...]:
    """One for each of _COLUMNS."""
    return (
        row.names,
        row.v1,
        row.v2,
        json.dumps(row.trackers),
        row.awaited,
        datetime_parameter(row.asked_at),
        datetime_parameter(row.next_try),
    )


def _write(new: Sequence[Wanted], changed: Sequence[Wanted]) -> None:
    # Another process may have been faster with a row: a conflict is no error.
    insert_rows("archive_wanted", _COLUMNS, [_values(row) for row in new], ignore_conflicts=True)
    if changed:
        columns = ["trackers", "awaited", "asked_at", "next_try"]
        Wanted.objects.bulk_update(changed, columns, batch_size=100)
