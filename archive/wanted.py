"""What people ask for and the archive does not hold. Doors put wishes here, resolvers fulfil them (`claims`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from archive.asker import charge
from archive.errors import NotHeld, TakenDown, TooManyWishes
from archive.hasty import hasty
from archive.infohash import short, spell
from archive.magnet import Magnet
from archive.models import Torrent, Wanted
from archive.outage import outages
from archive.takedown import blocked
from archive.wake import SETTLED, WANTED, ring

RECENT = timedelta(minutes=10)  # so long a miss is an answer; whoever asks later makes us look again
_FRESH = timedelta(hours=1)  # it is written down that often that a wish is still asked for
_WISHES_FOR = "SELECT id FROM archive_wanted WHERE v1 IN ({}) OR v2 IN ({})"
_HINTS = 20  # trackers, and peers, of one wish
_A_WHILE = 60  # seconds


@dataclass(frozen=True, slots=True)
class Standing:
    """How things are with a wish. `searching`: right now (`leased`), or as soon as a resolver is free."""

    infohash: str
    state: Literal["held", "pending", "given up"]
    searching: bool = False
    leased: bool = False
    attempts: int = 0
    since: datetime | None = None
    next_try: datetime | None = None
    reason: str = ""
    wish: int = 0

    @property
    def retry_after(self) -> int:
        """Seconds until it is worth while to ask again."""
        if self.searching or self.next_try is None:
            return 10
        at = min(self.next_try, timezone.now() + RECENT)
        return max(1, round((at - timezone.now()).total_seconds()))


def want(magnets: Sequence[Magnet], asker: str, *, awaited: bool = False) -> list[Standing]:
    """Note what of this is not held, so that the network is searched for it, and say how each stands.

    `asker`: the address that this comes from. It is not written down; one address has a share of the queue.
    `awaited`: somebody waits for the answer, so it goes first. All are noted, or none. Raises TooManyWishes,
    Unavailable.
    """
    with outages():
        settled = _settled(magnets)
        wishes = {_names(one): one for one in magnets if one not in settled}
        if _note(wishes, asker, awaited):
            ring(WANTED)
        rows = _rows(wishes)
    return [settled.get(one) or _standing_of(one, rows.get(_names(one))) for one in magnets]


def standing(infohash: bytes) -> Standing:
    """Raises NotHeld where nobody asked for it, or nobody for a month; TakenDown; Unavailable."""
    with outages():
        if held := Torrent.objects.find(infohash):
            return Standing(spell(held.infohash), "held")
        if reason := blocked([infohash]).get(infohash):
            raise TakenDown(reason)
        named = Q(v1=infohash) if len(infohash) == 20 else Q(v2=infohash)
        row = Wanted.objects.filter(named).order_by("next_try").first()
    if row is None:
        raise NotHeld(f"{spell(infohash)} is not held, and nobody has asked for it of late.")
    return _standing(row)


def met(complete: Iterable[Torrent], incomplete: Iterable[Torrent] = ()) -> None:
    """These torrents are held now. The wish for an incomplete one stays, for its piece layers' sake."""
    done = _wishes_for(complete)
    if numbers := [*done, *_wishes_for(incomplete)]:
        with hasty():
            Wanted.objects.filter(pk__in=done).delete()
        ring(SETTLED, numbers)


def still_open(numbers: Iterable[int]) -> set[int]:
    """Of these wishes, those that are neither met nor missed."""
    due = Wanted.objects.filter(pk__in=list(numbers), next_try__lte=timezone.now())
    return set(due.values_list("pk", flat=True))


def _standing_of(magnet: Magnet, row: Wanted | None) -> Standing:
    """A wish that was there a moment ago has been met."""
    return _standing(row) if row else Standing(spell(magnet.infohash), "held")


def _names(magnet: Magnet) -> bytes:
    """Both hashes together: who pairs a hash with one that is not its own harms his own wish alone."""
    return (magnet.v1 or b"") + (magnet.v2 or b"")


def _settled(magnets: Sequence[Magnet]) -> dict[Magnet, Standing]:
    """What needs no search: held, or blocked."""
    found: dict[Magnet, Standing] = {}
    names = {one: [name for name in (one.v1, one.v2) if name] for one in magnets}
    held = Torrent.objects.find_all(name for each in names.values() for name in each)
    reasons = blocked(name for each in names.values() for name in each)
    for one, each in names.items():
        if row := next(filter(None, map(held.get, each)), None):
            found[one] = Standing(spell(row.infohash), "held")
        elif reason := next(filter(None, map(reasons.get, each)), None):
            found[one] = Standing(spell(one.infohash), "given up", reason=f"Taken down: {reason}")
    return found


def _rows(names: Iterable[bytes]) -> dict[bytes, Wanted]:
    return {bytes(row.names): row for row in Wanted.objects.filter(names__in=list(names)).order_by("pk")}


def _note(wishes: dict[bytes, Magnet], asker: str, awaited: bool) -> bool:
    """Write what is new; whether there is something to search for at once."""
    now = timezone.now()
    rows = _rows(wishes)
    new = [_row(magnet, awaited, now) for names, magnet in sorted(wishes.items()) if names not in rows]
    changed = [row for names, row in rows.items() if _ask_again(row, wishes[names], awaited, now)]
    if not new and not changed:
        return False
    charge(asker, len(new) + sum(row.next_try == now for row in changed))
    with hasty():
        _make_room(len(new))
        Wanted.objects.bulk_create(new, ignore_conflicts=True)  # somebody may have been faster
        Wanted.objects.bulk_update(
            changed, ["trackers", "peers", "awaited", "asked_at", "next_try"], batch_size=100
        )
    return True


def _row(magnet: Magnet, awaited: bool, now: datetime) -> Wanted:
    return Wanted(
        names=_names(magnet),
        v1=magnet.v1,
        v2=magnet.v2,
        trackers=list(magnet.trackers),
        peers=[list(peer) for peer in magnet.peers],
        awaited=awaited,
        asked_at=now,
        next_try=now,
    )


def _ask_again(row: Wanted, magnet: Magnet, awaited: bool, now: datetime) -> bool:
    """Bring an old wish up to date; False where there is nothing to write."""
    missed_long_ago = row.tried_at is None or row.tried_at < now - RECENT
    trackers = [url for url in magnet.trackers if url not in row.trackers][: _HINTS - len(row.trackers)]
    peers = [list(peer) for peer in magnet.peers if list(peer) not in row.peers]
    if row.peers_tried and not missed_long_ago:
        peers = []  # most likely the same ones; they are not kept for comparison
    again = row.next_try > now and not row.given_up and bool(trackers or peers or missed_long_ago)
    hasten = awaited and not row.awaited and (again or row.next_try <= now)
    if not (again or hasten or trackers or peers or row.asked_at < now - _FRESH):
        return False
    row.trackers, row.peers = row.trackers + trackers, (peers + row.peers)[:_HINTS]
    row.awaited, row.asked_at = row.awaited or hasten, now
    row.next_try = now if again else row.next_try
    return True


def _make_room(new: int) -> None:
    """The queue has an end. What was looked for in vain and not asked for since the longest time gives way."""
    excess = Wanted.objects.count() + new - settings.WANTED_MAX if new else 0
    if excess > 0:
        idle = Wanted.objects.filter(attempts__gt=0, leased_until=None).order_by("asked_at")
        victims = list(idle.values_list("pk", flat=True)[:excess])
        if len(victims) < excess:
            raise TooManyWishes(
                "The queue of torrents to look for is full; please ask again later.", _A_WHILE
            )
        Wanted.objects.filter(pk__in=victims).delete()


def _standing(row: Wanted) -> Standing:
    return Standing(
        infohash=str(row),
        state="given up" if row.given_up else "pending",
        searching=row.next_try <= timezone.now(),
        leased=row.leased_until is not None and row.leased_until > timezone.now(),
        attempts=row.attempts,
        since=row.since,
        next_try=row.next_try,
        reason=row.given_up,
        wish=row.pk,
    )


def _wishes_for(torrents: Iterable[Torrent]) -> list[int]:
    """Every deposit asks this, nearly always in vain; the ORM would take several times as long."""
    names = [(row.v1 and bytes(row.v1), row.v2 and bytes(row.v2)) for row in torrents]
    v1s = {v1 for v1, _ in names if v1} | {short(v2) for _, v2 in names if v2}
    v2s = {v2 for _, v2 in names if v2}
    if not names:
        return []
    places = (", ".join(["%s"] * len(each)) or "NULL" for each in (v1s, v2s))  # PostgreSQL has no empty list
    with connection.cursor() as cursor:
        cursor.execute(_WISHES_FOR.format(*places), [*v1s, *v2s])
        return [number for (number,) in cursor.fetchall()]
