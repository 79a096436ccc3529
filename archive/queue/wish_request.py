"""A request for a torrent that is not held, and how it becomes a row of the queue or changes an older one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.models import Wanted
from archive.queue.retry import RECENT_MISS
from metainfo.announce_url import MAX_TRACKERS
from metainfo.magnet import Magnet

_ASKED_AT_PRECISION = timedelta(hours=1)  # `asked_at` is written at most this often


@dataclass(frozen=True, slots=True)
class WishRequest:
    """`address`: where the request comes from, "" for the operator. It is not written down, but has a quota.

    `awaited`: a request waits for the answer, so this wish is searched for before others.
    """

    magnet: Magnet
    address: str
    awaited: bool = False


def wish_key(magnet: Magnet) -> bytes:
    """What identifies a wish: both infohashes, one behind the other.

    A request that pairs an infohash with a wrong one is a wish of its own, and cannot spoil the right one.
    """
    return (magnet.v1 or b"") + (magnet.v2 or b"")


def build_row(request: WishRequest, now: datetime) -> Wanted:
    """A new row, due at once and not saved yet."""
    magnet = request.magnet
    return Wanted(
        names=wish_key(magnet),
        v1=magnet.v1,
        v2=magnet.v2,
        trackers=list(magnet.trackers[:MAX_TRACKERS]),
        awaited=request.awaited,
        asked_at=now,
        next_try=now,
        since=now,
    )


def merge_request(row: Wanted, request: WishRequest, now: datetime) -> bool:
    """Change the row of an older wish as the request demands; False where there is nothing to save."""
    due_again = is_due_again(row, request.magnet, now)
    trackers = _new_trackers(row, request.magnet)
    hasten = request.awaited and not row.awaited and (due_again or row.next_try <= now)
    if not (due_again or hasten or trackers or row.asked_at < now - _ASKED_AT_PRECISION):
        return False
    row.trackers = row.trackers + trackers
    row.awaited, row.asked_at = row.awaited or hasten, now
    row.next_try = now if due_again else row.next_try
    return True


def is_due_again(row: Wanted, magnet: Magnet, now: datetime) -> bool:
    """Whether a wish that rests is to be searched for now, because of what this request knows."""
    # If the last search knew peers, these are most likely the same; peers are not kept, so they cannot be compared.
    has_new_peers = magnet.peers and not row.peers_tried
    is_reason = _was_missed_long_ago(row, now) or has_new_peers or _new_trackers(row, magnet)
    return row.next_try > now and not row.given_up and bool(is_reason)


def _new_trackers(row: Wanted, magnet: Magnet) -> list[str]:
    """Trackers that the row does not have yet, as many as it may still take."""
    return [url for url in magnet.trackers if url not in row.trackers][: MAX_TRACKERS - len(row.trackers)]


def _was_missed_long_ago(row: Wanted, now: datetime) -> bool:
    return row.tried_at is None or row.tried_at < now - RECENT_MISS
