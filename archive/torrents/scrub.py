"""Scrub: every object is read and hashed again, and the index is put right from the bytes.

One ordered pass over objects and rows side by side, so that memory stays flat. Uploads and takedowns may go on
meanwhile: whatever looks wrong is looked at again before anything is removed.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q

import storage
from archive.db.outages import outages
from archive.errors import Unavailable
from archive.models import Torrent
from archive.store import get_storage, storage_key
from archive.takedowns.takedown import delete_torrents, find_blocked
from metainfo import parse_torrent
from metainfo.errors import Refusal
from metainfo.infohash import infohash_to_hex

_BATCH = 1_000
_READERS = 16  # S3 answers after milliseconds, and hashing lets other threads run
_SAID_BY_BYTES = ("v1", "v2", "name", "size", "files", "length", "digest", "complete", "words")


class Verdict(StrEnum):
    SOUND = "sound"
    INDEXED = "indexed"  # sound, but had no row: a crash came between the object and the row
    REPAIRED = "repaired"  # the row said something else than the bytes
    PURGED = "purged"  # blocked, and yet there: somebody restored a backup
    DAMAGED = "damaged"  # the bytes do not hash to their name: set aside, the row removed
    LOST = "lost"  # the row had no object: removed
    UNREADABLE = "unreadable"  # the storage answers, but not for this one: left as it is


class Finding(NamedTuple):
    verdict: Verdict
    infohash: str


def scrub(*, rebuild: bool = False, dry_run: bool = False) -> Iterator[Finding]:
    """Look at every torrent and mend what is wrong; one finding for each. A dry run only looks.

    Where most rows of a stretch have no object, the storage is likelier away than lost, and Unavailable is raised;
    `rebuild` believes the storage all the same. Private torrents stay: other settings once let them in.
    """
    with outages(), ThreadPoolExecutor(_READERS) as readers:
        entries = _entries()
        while batch := dict(islice(entries, _BATCH)):
            looks = dict(zip(batch, readers.map(_look, batch), strict=True))
            kinds = _judge(batch, looks)
            if not dry_run:
                _doubt(list(kinds.values()), rebuild)
                _mend(kinds, looks)
            yield from (Finding(kind, infohash_to_hex(infohash)) for infohash, kind in kinds.items())


def _entries() -> Iterator[tuple[bytes, Torrent | None]]:
    """Every infohash that has an object, a row or both, in ascending order: that of hex is that of bytes."""
    keys = get_storage().keys()
    objects = ((bytes.fromhex(name.removesuffix(".torrent")), None) for name in keys)
    both = merge(objects, _rows("v1"), _rows("v2"), key=itemgetter(0))
    for infohash, group in groupby(both, key=itemgetter(0)):
        yield infohash, next((row for _, row in group if row), None)


def _rows(column: str) -> Iterator[tuple[bytes, Torrent]]:
    """Those stored under their v1 or, with "v2", under their v2."""
    rows = Torrent.objects.order_by(column)
    if column == "v2":
        rows = rows.filter(v1=None)
    last = b""
    while page := list(rows.filter(**{f"{column}__gt": last})[:_BATCH]):
        yield from ((row.infohash, row) for row in page)
        last = page[-1].infohash


def _look(infohash: bytes) -> Torrent | Verdict:
    """The row that the bytes under this name ask for, or what is wrong with them."""
    try:
        torrent = get_storage().get(storage_key(infohash)).data
        meta = parse_torrent(torrent, len(torrent))
    except storage.ObjectNotFound:
        return Verdict.LOST
    except storage.StorageUnavailable:
        return Verdict.UNREADABLE
    except Refusal:
        return Verdict.DAMAGED
    return Torrent.from_metainfo(torrent, meta) if meta.infohash == infohash else Verdict.DAMAGED


def _judge(batch: dict[bytes, Torrent | None], looks: dict[bytes, Torrent | Verdict]) -> dict[bytes, Verdict]:
    """What is to be done about each. Neither row nor object any more: a takedown has come by; nothing."""
    # A deposit may have written these rows after we had read past them.
    new = Torrent.objects.stored_under(infohash for infohash, row in batch.items() if row is None)
    rows = batch | {row.infohash: row for row in new}
    names = {infohash: _names(infohash, rows[infohash], looks[infohash]) for infohash in batch}
    refused = find_blocked(name for several in names.values() for name in several)
    return {
        infohash: Verdict.PURGED if names[infohash] & refused.keys() else _compare(row, looks[infohash])
        for infohash, row in rows.items()
        if row or looks[infohash] is not Verdict.LOST
    }


def _names(infohash: bytes, *said: Torrent | Verdict | None) -> set[bytes]:
    return {infohash, *(name for one in said if isinstance(one, Torrent) for name in one.infohashes)}


def _compare(row: Torrent | None, look: Torrent | Verdict) -> Verdict:
    if isinstance(look, Verdict):
        return look
    if row is None:
        return Verdict.INDEXED
    return Verdict.SOUND if _said(row) == _said(look) else Verdict.REPAIRED


def _said(row: Torrent) -> list[object]:
    values = [getattr(row, column) for column in _SAID_BY_BYTES]
    return [bytes(value) if isinstance(value, memoryview) else value for value in values]


def _doubt(kinds: list[Verdict], rebuild: bool) -> None:
    """Is this the state of the torrents, or that of a storage which is not there?"""
    if kinds and kinds.count(Verdict.UNREADABLE) == len(kinds):
        raise storage.StorageUnavailable(f"of {len(kinds):,} objects not one could be read")
    if kinds.count(Verdict.LOST) * 2 > len(kinds) and not rebuild:
        raise Unavailable(
            f"Of {len(kinds):,} torrents in a row, {kinds.count(Verdict.LOST):,} have no bytes in the storage. "
            "Is the disk mounted, and does STORAGE_URL name the right place? "
            "If they are really lost: scrub --rebuild."
        )


def _mend(kinds: dict[bytes, Verdict], looks: dict[bytes, Torrent | Verdict]) -> None:
    _index(
        [look for name, look in looks.items() if isinstance(look, Torrent) and kinds[name] is Verdict.INDEXED]
    )
    for infohash, kind in kinds.items():
        if kind is Verdict.REPAIRED:
            if isinstance(again := _look(infohash), Torrent):
                _rewrite(again)
                _purge_overtaken([again])
        elif kind is Verdict.PURGED:
            delete_torrents([infohash])
        elif kind is Verdict.LOST:
            if _look(infohash) is Verdict.LOST:
                Torrent.objects.stored_under([infohash]).delete()
        elif kind is Verdict.DAMAGED:
            _set_aside(infohash)


def _index(rows: list[Torrent]) -> None:
    try:
        with transaction.atomic():
            Torrent.objects.bulk_create(rows)
    except IntegrityError:  # somebody was faster, or a wrong row bears one of these infohashes
        for row in rows:
            _rewrite(row)
    _purge_overtaken(rows)


def _purge_overtaken(written: list[Torrent]) -> None:
    """A takedown may have come between the look and the writing."""
    delete_torrents(find_blocked(name for row in written for name in row.infohashes))


def _rewrite(right: Torrent) -> None:
    """Make the row say what the bytes say; of several that bear one of its infohashes, one stays."""
    claims = Q()
    for column in ("v1", "v2"):
        if infohash := getattr(right, column):
            claims |= Q(**{column: infohash})
    with transaction.atomic():
        claimants = sorted(Torrent.objects.filter(claims), key=lambda row: row.infohash != right.infohash)
        Torrent.objects.filter(pk__in=[row.pk for row in claimants[1:]]).delete()
        if claimants:
            said = {column: getattr(right, column) for column in _SAID_BY_BYTES}
            Torrent.objects.filter(pk=claimants[0].pk).update(**said)
        else:
            right.save(force_insert=True)


def _set_aside(infohash: bytes) -> None:
    """Row first, so that none is without bytes; then a copy, and only then the object itself."""
    if _look(infohash) is not Verdict.DAMAGED:
        return
    Torrent.objects.stored_under([infohash]).delete()
    get_storage().put(
        f"{storage_key(infohash)}.damaged", get_storage().get(storage_key(infohash)).data, replace=True
    )
    if _look(infohash) is Verdict.DAMAGED:  # an upload may have replaced it just now
        get_storage().delete(storage_key(infohash))
