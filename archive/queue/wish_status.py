"""How things stand with wishes: held, searched for, resting until the next search, or given up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from archive.db.outages import outages
from archive.errors import NotHeld, TakenDown
from archive.models import Torrent, Wanted
from archive.queue.retry import RECENT_MISS
from archive.queue.wish_request import wish_key
from archive.queue.wish_rows import find_rows
from archive.takedowns.find_blocked import find_blocked
from metainfo.infohash import infohash_to_hex
from metainfo.magnet import Magnet

_NO_NETWORK = "It is not held, and this archive does not ask the BitTorrent network."


@dataclass(frozen=True, slots=True)
class WishStatus:
    """How things stand with a wish. `infohash` is the one that a held torrent is stored under, else one asked for.

    `searching`: right now (then `leased` too), or as soon as a resolver is free. `reason`: why it was given up.
    """

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
        """Seconds after which it is worth while to ask again."""
        if self.searching or self.next_try is None:
            return 10
        at = min(self.next_try, timezone.now() + RECENT_MISS)
        return max(1, round((at - timezone.now()).total_seconds()))


def wish_status(infohash: bytes) -> WishStatus:
    """The status of the wish with this infohash, 20 or 32 bytes.

    Raises NotHeld where there is no such wish, or none for a month; TakenDown; Unavailable.
    """
    with outages():
        if torrent := Torrent.objects.find(infohash):
            return WishStatus(infohash_to_hex(torrent.infohash), "held")
        if reason := find_blocked([infohash]).get(infohash):
            raise TakenDown(reason)
        has_infohash = Q(v1=infohash) if len(infohash) == 20 else Q(v2=infohash)
        row = Wanted.objects.filter(has_infohash).order_by("next_try").first()
    if row is None:
        why = (
            "nobody has asked for it lately" if settings.RESOLVE else "this archive does not ask the network"
        )
        raise NotHeld(f"{infohash_to_hex(infohash)} is not held, and it is not being looked for: {why}.")
    return status_of_row(row)


def wish_statuses(magnets: Sequence[Magnet]) -> list[WishStatus]:
    """The status of each, in their order; nothing is enqueued. Raises Unavailable."""
    with outages():
        rows = find_rows({wish_key(magnet) for magnet in magnets})
        settled = find_settled([magnet for magnet in magnets if wish_key(magnet) not in rows])
    return [_choose_status(magnet, settled.get(magnet), rows.get(wish_key(magnet))) for magnet in magnets]


def statuses_without_network(magnets: Sequence[Magnet]) -> list[WishStatus]:
    """The status of each where the settings forbid to ask the network: held, or given up. Raises Unavailable."""
    with outages():
        settled = find_settled(magnets)
    return [
        settled.get(magnet) or WishStatus(infohash_to_hex(magnet.infohash), "given up", reason=_NO_NETWORK)
        for magnet in magnets
    ]


def find_settled(magnets: Iterable[Magnet]) -> dict[Magnet, WishStatus]:
    """The status of those that need no search, since they are held or blocked."""
    settled: dict[Magnet, WishStatus] = {}
    infohashes = {magnet: [infohash for infohash in (magnet.v1, magnet.v2) if infohash] for magnet in magnets}
    every = {infohash for some in infohashes.values() for infohash in some}
    stored_under, reasons = Torrent.objects.find_held(every), find_blocked(every)
    for magnet, some in infohashes.items():
        if stored := next(filter(None, map(stored_under.get, some)), None):
            settled[magnet] = WishStatus(infohash_to_hex(stored), "held")
        elif reason := next(filter(None, map(reasons.get, some)), None):
            settled[magnet] = WishStatus(
                infohash_to_hex(magnet.infohash),
                "given up",
                reason=f"Taken down: {reason}",
                taken_down=reason,
            )
    return settled


def status_of_row(row: Wanted) -> WishStatus:
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


def _choose_status(magnet: Magnet, settled: WishStatus | None, row: Wanted | None) -> WishStatus:
    if row:
        return status_of_row(row)
    # Without row and torrent the wish was deleted as stale, or is being fulfilled right now: the next call tells.
    return settled or WishStatus(infohash_to_hex(magnet.infohash), "pending")
