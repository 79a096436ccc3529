"""Takedowns: a blocked infohash is refused, not served and not listed, whichever way it is spelled."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha1, sha256

from django.db import connection, transaction

from archive.db.outages import outages
from archive.errors import NotHeld, TakenDown
from archive.models import Block, Takedown, Torrent
from archive.store import get_storage, read_verified, storage_key
from archive.takedowns.disk_reserve import release_disk_reserve
from metainfo.infohash import truncate_infohash

_REASONS = """
    SELECT short, reason FROM archive_block JOIN archive_takedown ON archive_takedown.id = takedown_id
    WHERE short IN ({})
"""
_PER_QUERY = 500  # a short query plans faster, and SQLite has a limit on variables


class TakedownOutcome(StrEnum):
    """As a person is to read it, after the infohash."""

    TAKEN_DOWN = "is taken down."
    BLOCKED = "is blocked; it was not held."
    KNOWN = "was blocked before; the new reason stands."


@dataclass(frozen=True, slots=True)
class TakedownNotice:
    """A takedown as the public sees it (RFC 7725 asks for a page that explains). Later ones have higher numbers."""

    number: int
    infohashes: tuple[str, ...]
    reason: str
    taken_at: datetime


def take_down(infohash: bytes, reason: str, *, listed: bool = True) -> TakedownOutcome:
    """Block the torrent by every infohash that it is known under, and delete its bytes.

    A torrent that lies in the storage and is not yet in the index is found by the name that it lies under; by its
    other names only once `scrub` has met it.

    `listed=False` keeps it off the public page: for material whose very hash must not be spread.
    May be repeated, with another reason too. Raises Unavailable; what is recorded by then stays blocked.
    """
    reason = " ".join(reason.split())
    with release_disk_reserve(), outages():
        row = Torrent.objects.find(infohash)
        held = set(row.infohashes) if row else _unindexed(infohash)
        names = {infohash} | held
        with transaction.atomic():
            earlier = Block.objects.filter(short__in=map(truncate_infohash, names)).first()
            takedown = earlier.takedown if earlier else Takedown()
            # An attempt that failed may have lost the row, not the bytes: its blocks know the names.
            if earlier:
                names |= {bytes(block.infohash) for block in takedown.blocks.all()}
            takedown.reason, takedown.listed, takedown.unfinished = reason, listed, True
            takedown.save()
            # A truncated v2 and the whole one are the same block; the whole tells more.
            blocks = {
                truncate_infohash(name): Block.for_infohash(name, takedown) for name in sorted(names, key=len)
            }
            Block.objects.bulk_create(
                blocks.values(), update_conflicts=True, unique_fields=["short"], update_fields=["takedown"]
            )
        _finish(takedown, names)
    if held:
        return TakedownOutcome.TAKEN_DOWN
    return TakedownOutcome.KNOWN if earlier else TakedownOutcome.BLOCKED


def finish_takedowns() -> int:
    """Go on with what broke off, because the storage was away or the process was killed: how many there were.

    Until then such a torrent is served at the address that names its object, by whoever serves the folder. Each
    start calls this, so from then on there is room for takedowns. Raises Unavailable.
    """
    with release_disk_reserve(), outages():
        left = list(Takedown.objects.filter(unfinished=True))
        for takedown in left:
            _finish(takedown, {bytes(block.infohash) for block in takedown.blocks.filter(hashed=False)})
    return len(left)


def _finish(takedown: Takedown, names: set[bytes]) -> None:
    delete_torrents(names)
    Takedown.objects.filter(pk=takedown.pk).update(unfinished=False)


def _unindexed(infohash: bytes) -> set[bytes]:
    """What a torrent is called that lies under this name without a row, as after a crash."""
    found = read_verified(infohash)
    return {name for name in (found[1].v1, found[1].v2) if name} if found else set()


def lift_takedown(infohash: bytes) -> None:
    """Undo a takedown, for all infohashes of that torrent, and what a list of digests says of this one.

    Its bytes must then be uploaded anew.

    Raises NotHeld where nothing is blocked under this infohash, and Unavailable.
    """
    with release_disk_reserve(), outages():
        undone, _ = Takedown.objects.filter(blocks__short__in=_marks(infohash)).delete()
    if not undone:
        raise NotHeld("This infohash is not blocked.")


def delete_torrents(infohashes: Iterable[bytes]) -> None:
    """Remove what is stored under these names: the row first, so that none is without bytes."""
    names = set(infohashes)
    for name in names:
        if held := Torrent.objects.find(name):
            names = names | {held.infohash}
            held.delete()
    for name in names:
        get_storage().delete(storage_key(name))


def find_blocked(infohashes: Iterable[bytes]) -> dict[bytes, str]:
    """Of these infohashes, in any of the three lengths and kinds, those that are blocked, with the reason.

    Raises Unavailable.
    """
    wanted = {infohash: _marks(infohash) for infohash in infohashes}
    shorts = sorted({mark for marks in wanted.values() for mark in marks})
    reasons: dict[bytes, str] = {}
    with outages(), connection.cursor() as cursor:  # twice an upload; the ORM would take ten times as long
        for start in range(0, len(shorts), _PER_QUERY):
            some = shorts[start : start + _PER_QUERY]
            cursor.execute(_REASONS.format(", ".join(["%s"] * len(some))), some)
            reasons.update((bytes(cut), reason) for cut, reason in cursor.fetchall())
    return {
        infohash: reasons[mark] for infohash, marks in wanted.items() for mark in marks if mark in reasons
    }


def refuse_blocked(infohashes: Iterable[bytes]) -> None:
    """Of one torrent, by all its infohashes. Raises TakenDown, Unavailable."""
    if reasons := find_blocked(infohashes):
        raise TakenDown(next(iter(reasons.values())))


@lru_cache(maxsize=1024)  # each deposit asks twice
def _marks(infohash: bytes) -> tuple[bytes, ...]:
    """By each of these it may be blocked: itself, or a digest of it, whole or truncated."""
    spellings = {infohash, truncate_infohash(infohash)}
    digests = [digest(one).digest() for one in spellings for digest in (sha1, sha256)]
    return truncate_infohash(infohash), *map(truncate_infohash, digests)


def list_notices(before: int | None = None, limit: int | None = None) -> Iterator[TakedownNotice]:
    """Every listed takedown, the newest first; or so many of them, `before` this number."""
    takedowns = Takedown.objects.filter(listed=True).order_by("-pk").prefetch_related("blocks")
    if before is not None:
        takedowns = takedowns.filter(pk__lt=before)
    with outages():
        for takedown in takedowns[:limit].iterator(chunk_size=_PER_QUERY):
            hashes = sorted(str(block) for block in takedown.blocks.all())
            yield TakedownNotice(takedown.pk, tuple(hashes), takedown.reason, takedown.taken_at)
