"""Blocking by lists: of infohashes, or of digests of infohashes, which tell nobody what must not be spread."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import transaction

from archive.db.outages import outages
from archive.models import Block, Takedown, Torrent
from archive.takedowns.disk_reserve import release_disk_reserve
from archive.takedowns.takedown import find_blocked, take_down
from metainfo.errors import NotAnInfohash
from metainfo.infohash import find_infohash, truncate_infohash

_BATCH = 500
_COMMENT = re.compile(r"[#;].*")
_SEPARATOR = re.compile(r"[\s,]")
_DIGEST = re.compile(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}")


def apply_blocklist(
    lines: Iterable[str], reason: str, *, hashed: bool, listed: bool
) -> Iterator[Counter[str]]:
    """Block each line's infohash, and say after each batch how many were new, known, deleted and unread.

    A line is an infohash in any spelling; # and ; begin a comment. Unread is what is no hash, deleted what was
    stored until now.

    `hashed`: it is the SHA-1 or SHA-256, in hex, of the raw bytes of an infohash, and never listed; `sweep` then
    deletes what is stored. Raises Unavailable; the same list may be given again at any time.
    """
    wanted = filter(None, (_COMMENT.sub("", line).strip() for line in lines))
    while batch := list(islice(wanted, _BATCH)):
        read = _digest if hashed else _infohash
        names = [read(_SEPARATOR.split(text, maxsplit=1)[0]) for text in batch]
        distinct = {truncate_infohash(name): name for name in names if name}
        with release_disk_reserve(), outages():
            new = _block(distinct, reason, hashed, listed and not hashed)
        deleted = 0 if hashed else _delete(distinct.values(), listed)
        known = len(batch) - names.count(None) - new
        yield Counter(new=new, known=known, unread=names.count(None), deleted=deleted)


def delete_blocked() -> Iterator[Counter[str]]:
    """Delete what is stored though a list of digests blocks it. Reads the whole index, and tells as it goes.

    Raises Unavailable.
    """
    last = 0
    while batch := _after(last):
        deleted = _delete((name for row in batch for name in row.infohashes), listed=False)
        yield Counter(read=len(batch), deleted=deleted)
        last = batch[-1].pk


def _after(number: int) -> list[Torrent]:
    with outages():
        return list(Torrent.objects.filter(pk__gt=number).order_by("pk").only("v1", "v2")[:_BATCH])


def _infohash(word: str) -> bytes | None:
    try:
        return find_infohash(word)
    except NotAnInfohash:
        return None


def _digest(word: str) -> bytes | None:
    return bytes.fromhex(word) if _DIGEST.fullmatch(word) else None


def _block(names: dict[bytes, bytes], reason: str, hashed: bool, listed: bool) -> int:
    """One takedown for each, so that each can be lifted by itself."""
    with transaction.atomic():
        known = set(map(bytes, Block.objects.filter(short__in=list(names)).values_list("short", flat=True)))
        new = {cut: name for cut, name in names.items() if cut not in known}
        takedowns = Takedown.objects.bulk_create([Takedown(reason=reason, listed=listed) for _ in new])
        Block.objects.bulk_create(
            Block(short=cut, infohash=name, hashed=hashed, takedown=takedown)
            for (cut, name), takedown in zip(new.items(), takedowns, strict=True)
        )
    return len(new)


def _delete(names: Iterable[bytes], listed: bool) -> int:
    """Of these, what is both blocked and stored: then by its other infohashes too."""
    with outages():
        reasons = find_blocked(names)
        held = {own: name for name, own in Torrent.objects.find_held(reasons).items()}
    for name in held.values():
        take_down(name, reasons[name], listed=listed)
    return len(held)
