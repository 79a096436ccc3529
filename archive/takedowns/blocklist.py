"""Apply lists of what must not be held: of infohashes, or of digests of infohashes, which reveal no infohash."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import transaction

from archive.db.outages import outages
from archive.models import Block, Takedown, Torrent
from archive.takedowns.disk_reserve import release_disk_reserve
from archive.takedowns.find_blocked import find_blocked
from archive.takedowns.takedown import take_down
from metainfo.errors import NotAnInfohash
from metainfo.infohash import find_infohash, truncate_infohash
from metainfo.infohash_list import list_entries
from metainfo.link import is_magnet

_BATCH = 500
_SEPARATOR = re.compile(r"[\s,]")
_DIGEST = re.compile(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}")


def apply_blocklist(
    lines: Iterable[str], reason: str, *, hashed: bool, listed: bool
) -> Iterator[Counter[str]]:
    """Block the infohash of each line, and yield after each batch how many were new, known, deleted and unread.

    A line is an infohash in any spelling, and may go on after a space or comma; # and ; begin a comment. A line is
    unread if it is no infohash or digest, and deleted counts torrents that were stored until now.

    With `hashed` each line is the SHA-1 or SHA-256, in hex, of the raw bytes of an infohash. Such blocks are never
    listed in public, and `delete_blocked` then deletes what is stored.

    The same list may be applied again at any time. Raises Unavailable.
    """
    filled = list_entries(lines)
    while batch := list(islice(filled, _BATCH)):
        read = _read_digest if hashed else _read_infohash
        hashes = [read(text if is_magnet(text) else _SEPARATOR.split(text, maxsplit=1)[0]) for text in batch]
        by_first_bytes = {truncate_infohash(one): one for one in hashes if one}
        with release_disk_reserve(), outages():
            new = _insert_blocks(by_first_bytes, reason, hashed, listed and not hashed)
        deleted = 0 if hashed else _delete_held(by_first_bytes.values(), listed)
        known = len(batch) - hashes.count(None) - new
        yield Counter(new=new, known=known, unread=hashes.count(None), deleted=deleted)


def delete_blocked() -> Iterator[Counter[str]]:
    """Delete what is stored although a list of digests blocks it, and yield after each batch how many were read.

    It reads the whole index. Raises Unavailable.
    """
    last = 0
    while batch := _read_torrents_after(last):
        infohashes = (infohash for torrent in batch for infohash in torrent.infohashes)
        yield Counter(read=len(batch), deleted=_delete_held(infohashes, listed=False))
        last = batch[-1].pk


def _read_torrents_after(number: int) -> list[Torrent]:
    with outages():
        return list(Torrent.objects.filter(pk__gt=number).order_by("pk").only("v1", "v2")[:_BATCH])


def _read_infohash(text: str) -> bytes | None:
    try:
        return find_infohash(text)
    except NotAnInfohash:
        return None


def _read_digest(text: str) -> bytes | None:
    return bytes.fromhex(text) if _DIGEST.fullmatch(text) else None


def _insert_blocks(by_first_bytes: dict[bytes, bytes], reason: str, hashed: bool, listed: bool) -> int:
    """Insert a takedown for each, so that each can be lifted alone. The number of those that are new."""
    with transaction.atomic():
        rows = Block.objects.filter(short__in=list(by_first_bytes)).values_list("short", flat=True)
        known = set(map(bytes, rows))
        new = {short: whole for short, whole in by_first_bytes.items() if short not in known}
        takedowns = Takedown.objects.bulk_create([Takedown(reason=reason, listed=listed) for _ in new])
        Block.objects.bulk_create(
            Block(short=short, infohash=whole, hashed=hashed, takedown=takedown)
            for (short, whole), takedown in zip(new.items(), takedowns, strict=True)
        )
    return len(new)


def _delete_held(infohashes: Iterable[bytes], listed: bool) -> int:
    """Take down those that are both blocked and stored, by all their infohashes, and return their number."""
    with outages():
        reasons = find_blocked(infohashes)
        stored = {stored_under: one for one, stored_under in Torrent.objects.find_held(reasons).items()}
    for infohash in stored.values():
        take_down(infohash, reasons[infohash], listed=listed)
    return len(stored)
