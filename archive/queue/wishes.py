"""What people ask for and the archive does not hold. Doors put wishes here, resolvers fulfil them (`claims`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from archive.db.async_commit import async_commit
from archive.db.notify import SETTLED_WISHES, notify_on_commit
from archive.db.outages import outages
from archive.db.sql import placeholders
from archive.errors import NotHeld, TakenDown
from archive.models import Torrent, Wanted
from archive.queue.enqueue import RECENT_MISS, WishRequest, find_rows, wish_key, write_requests
from archive.takedowns.takedown import find_blocked
from metainfo.errors import Refusal
from metainfo.infohash import infohash_to_hex, truncate_infohash
from metainfo.magnet import Magnet

_WISHES_FOR = "SELECT id, names, v1, v2 FROM archive_wanted WHERE v1 IN ({}) OR v2 IN ({})"
_UNASKED = "It is not held, and this archive does not ask the BitTorrent network."
_FULFIL = "DELETE FROM archive_wanted WHERE id IN ({})"


@dataclass(frozen=True, slots=True)
class WishStatus:
    """How things are with a wish. `searching`: right now (`leased`), or as soon as a resolver is free."""

    infohash: str
    state: Literal["held", "pending", "given up"]
    searching: bool = False
    leased: bool = False
    attempts: int = 0
    since: datetime | None = None
    tried_at: datetime | None = None
    next_try: datetime | None = None
    reason: str = ""
    taken_down: str = ""

    @property
    def retry_after(self) -> int:
        """Seconds until it is worth while to ask again."""
        if self.searching or self.next_try is None:
            return 10
        at = min(self.next_try, timezone.now() + RECENT_MISS)
        return max(1, round((at - timezone.now()).total_seconds()))


def enqueue_wishes(magnets: Iterable[Magnet], asker: str, *, awaited: bool = False) -> list[WishStatus]:
    """Note what of this is not held, so that the network is searched for it, and say how each stands.

    `asker` and `awaited` are as in Asked; "" is the operator. All are noted, or none. Raises TooManyWishes,
    Unavailable.
    """
    standings: list[WishStatus] = []
    for outcome in enqueue_requests([WishRequest(magnet, asker, awaited) for magnet in magnets]):
        if isinstance(outcome, Refusal):
            raise outcome
        standings.append(outcome)
    return standings


def enqueue_requests(asked: Sequence[WishRequest]) -> list[WishStatus | Refusal]:
    """As want, for several people at once."""
    with outages():
        settled = _settled([one.magnet for one in asked])
        found, refused = write_requests(one for one in asked if one.magnet not in settled)
    return [
        settled.get(one.magnet) or refused.get(one.asker) or _standing(found[wish_key(one.magnet)])
        for one in asked
    ]


def statuses_without_network(magnets: Sequence[Magnet]) -> list[WishStatus]:
    """How each stands where the settings forbid to ask the network: held, or given up. Raises Unavailable."""
    with outages():
        found = _settled(magnets)
    return [
        found.get(one) or WishStatus(infohash_to_hex(one.infohash), "given up", reason=_UNASKED)
        for one in magnets
    ]


def wish_statuses(magnets: Sequence[Magnet]) -> list[WishStatus]:
    """How each stands, with nothing noted. Raises Unavailable."""
    with outages():
        found = find_rows({wish_key(one) for one in magnets})
        settled = _settled([one for one in magnets if wish_key(one) not in found])
    return [_stands(one, settled.get(one), found.get(wish_key(one))) for one in magnets]


def wish_status(infohash: bytes) -> WishStatus:
    """Raises NotHeld where nobody asked for it, or nobody for a month; TakenDown; Unavailable."""
    with outages():
        if held := Torrent.objects.find(infohash):
            return WishStatus(infohash_to_hex(held.infohash), "held")
        if reason := find_blocked([infohash]).get(infohash):
            raise TakenDown(reason)
        named = Q(v1=infohash) if len(infohash) == 20 else Q(v2=infohash)
        row = Wanted.objects.filter(named).order_by("next_try").first()
    if row is None:
        why = (
            "nobody has asked for it lately" if settings.RESOLVE else "this archive does not ask the network"
        )
        raise NotHeld(f"{infohash_to_hex(infohash)} is not held, and it is not being looked for: {why}.")
    return _standing(row)


def fulfil_wishes(complete: Iterable[Torrent], incomplete: Iterable[Torrent] = ()) -> None:
    """These torrents are held now. The wish for an incomplete one stays, for its piece layers' sake."""
    done = _wishes_for(complete)
    if hints := {**done, **_wishes_for(incomplete)}:
        with async_commit(), connection.cursor() as cursor:
            if done:
                cursor.execute(_FULFIL.format(placeholders(done)), list(done))
            notify_on_commit(SETTLED_WISHES, hints.values())


def _stands(magnet: Magnet, settled: WishStatus | None, row: Wanted | None) -> WishStatus:
    if row:
        return _standing(row)
    # It was forgotten, or is just being met: then whoever asks again gets it.
    return settled or WishStatus(infohash_to_hex(magnet.infohash), "pending")


def _settled(magnets: Sequence[Magnet]) -> dict[Magnet, WishStatus]:
    """What needs no search: held, or blocked."""
    found: dict[Magnet, WishStatus] = {}
    both = {one: [name for name in (one.v1, one.v2) if name] for one in magnets}
    every = {name for each in both.values() for name in each}
    held, reasons = Torrent.objects.held(every), find_blocked(every)
    for one, each in both.items():
        if name := next(filter(None, map(held.get, each)), None):
            found[one] = WishStatus(infohash_to_hex(name), "held")
        elif reason := next(filter(None, map(reasons.get, each)), None):
            found[one] = WishStatus(
                infohash_to_hex(one.infohash), "given up", reason=f"Taken down: {reason}", taken_down=reason
            )
    return found


def _standing(row: Wanted) -> WishStatus:
    now = timezone.now()
    return WishStatus(
        infohash=str(row),
        state="given up" if row.given_up else "pending",
        searching=row.next_try <= now,
        leased=row.leased_until is not None and row.leased_until > now,
        attempts=row.attempts,
        since=row.since,
        tried_at=row.tried_at,
        next_try=row.next_try,
        reason=row.given_up,
    )


def _wishes_for(torrents: Iterable[Torrent]) -> dict[int, str]:
    """What to tell of each: its names, and the name of the torrent that meets it.

    Every deposit asks this, nearly always in vain; the ORM would take several times as long.
    """
    own = {
        name: row.infohash
        for row in torrents
        for whole in row.infohashes
        for name in (whole, truncate_infohash(whole))
    }
    if not own:
        return {}
    v1s, v2s = [name for name in own if len(name) == 20], [name for name in own if len(name) == 32]
    with connection.cursor() as cursor:
        cursor.execute(_WISHES_FOR.format(placeholders(v1s), placeholders(v2s)), [*v1s, *v2s])
        return {
            number: f"{bytes(wish).hex()}:{infohash_to_hex(own.get(bytes(v1 or b'')) or own[bytes(v2)])}"
            for number, wish, v1, v2 in cursor.fetchall()
        }
