"""Scrub: read and hash every stored object again, and put the index right from the bytes.

One pass in the order of infohashes over objects and rows side by side, so that memory does not grow with what is
stored. A batch at a time:

1. Read its objects, in parallel.
2. Judge each infohash: what its object, its row and the takedowns say about it is one `Verdict`.
3. If most of the batch is lost, stop: the storage is likelier away than lost.
4. Mend what is wrong.

Uploads and takedowns may go on meanwhile. So an object is read again before anything is removed because of it, and
takedowns are looked for again after a row was written.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q

from archive.db.outages import outages
from archive.errors import Unavailable
from archive.models import Torrent
from archive.store import get_storage, storage_key
from archive.takedowns.find_blocked import find_blocked
from archive.takedowns.takedown import delete_torrents
from metainfo import parse_torrent
from metainfo.errors import Refusal
from metainfo.infohash import infohash_to_hex
from storage import ObjectNotFound, StorageUnavailable

_BATCH = 1_000
_READERS = 16  # threads: S3 answers after milliseconds, and hashing lets other threads run
_FROM_BYTES = ("v1", "v2", "name", "size", "files", "length", "digest", "complete", "words")  # columns


class Verdict(StrEnum):
    SOUND = "sound"
    INDEXED = "indexed"  # sound, but had no row: a crash came between the object and the row
    REPAIRED = "repaired"  # the row said something else than the bytes
    PURGED = "purged"  # blocked and yet stored, as after a backup was restored
    DAMAGED = "damaged"  # the bytes do not hash to their name: set aside, the row removed
    LOST = "lost"  # the row had no object: removed
    UNREADABLE = "unreadable"  # the storage answers, but not for this one: left as it is


class Finding(NamedTuple):
    verdict: Verdict
    infohash: str  # in hex


def scrub(*, rebuild: bool = False, dry_run: bool = False) -> Iterator[Finding]:
    """Check every torrent and mend what is wrong; one finding for each. A dry run changes nothing.

    If most rows of a batch have no object, the storage is likelier away than lost, and Unavailable is raised; with
    `rebuild` the storage is believed all the same. Private torrents stay: the settings may have allowed them once.
    """
    with outages(), ThreadPoolExecutor(_READERS) as readers:
        entries = _read_entries()
        while batch := dict(islice(entries, _BATCH)):
            objects = dict(zip(batch, readers.map(_read_object, batch), strict=True))
            verdicts = _judge_batch(batch, objects)
            if not dry_run:
                _stop_if_storage_seems_away(list(verdicts.values()), rebuild)
                _mend_batch(verdicts, objects)
            yield from (Finding(verdict, infohash_to_hex(infohash)) for infohash, verdict in verdicts.items())


def _read_entries() -> Iterator[tuple[bytes, Torrent | None]]:
    """Every infohash that has an object, a row or both, with the row, in ascending order.

    The storage lists its keys, which are in hex, in the same order.
    """
    keys = get_storage().keys()
    objects = ((bytes.fromhex(key.removesuffix(".torrent")), None) for key in keys)
    entries = merge(objects, _read_rows("v1"), _read_rows("v2"), key=itemgetter(0))
    for infohash, group in groupby(entries, key=itemgetter(0)):
        yield infohash, next((row for _, row in group if row), None)


def _read_rows(column: str) -> Iterator[tuple[bytes, Torrent]]:
    """The rows of torrents that are stored under their v1 infohash or, with "v2", under their v2 infohash."""
    rows = Torrent.objects.order_by(column)
    if column == "v2":
        rows = rows.filter(v1=None)
    last = b""
    while page := list(rows.filter(**{f"{column}__gt": last})[:_BATCH]):
        yield from ((row.infohash, row) for row in page)
        last = page[-1].infohash


def _read_object(infohash: bytes) -> Torrent | Verdict:
    """The row that the object under this infohash should have, or what is wrong with the object."""
    try:
        torrent = get_storage().get(storage_key(infohash)).data
        metainfo = parse_torrent(torrent, len(torrent))
    except ObjectNotFound:
        return Verdict.LOST
    except StorageUnavailable:
        return Verdict.UNREADABLE
    except Refusal:
        return Verdict.DAMAGED
    return Torrent.from_metainfo(torrent, metainfo) if metainfo.infohash == infohash else Verdict.DAMAGED


def _judge_batch(
    batch: Mapping[bytes, Torrent | None], objects: Mapping[bytes, Torrent | Verdict]
) -> dict[bytes, Verdict]:
    """The verdict on each infohash; none if it has neither row nor object any more, since it was just taken down."""
    # A deposit may have written these rows after the pass had read past them.
    new = Torrent.objects.stored_under(infohash for infohash, row in batch.items() if row is None)
    rows = {**batch, **{row.infohash: row for row in new}}
    related = {
        infohash: _related_infohashes(infohash, rows[infohash], objects[infohash]) for infohash in batch
    }
    blocked = find_blocked(infohash for infohashes in related.values() for infohash in infohashes).keys()
    return {
        infohash: Verdict.PURGED if related[infohash] & blocked else _compare_row(row, objects[infohash])
        for infohash, row in rows.items()
        if row or objects[infohash] is not Verdict.LOST
    }


def _related_infohashes(infohash: bytes, *rows: Torrent | Verdict | None) -> set[bytes]:
    return {infohash, *(one for row in rows if isinstance(row, Torrent) for one in row.infohashes)}


def _compare_row(row: Torrent | None, from_bytes: Torrent | Verdict) -> Verdict:
    if isinstance(from_bytes, Verdict):
        return from_bytes
    if row is None:
        return Verdict.INDEXED
    return Verdict.SOUND if _column_values(row) == _column_values(from_bytes) else Verdict.REPAIRED


def _column_values(row: Torrent) -> list[object]:
    values = [getattr(row, column) for column in _FROM_BYTES]
    return [bytes(value) if isinstance(value, memoryview) else value for value in values]


def _stop_if_storage_seems_away(verdicts: list[Verdict], rebuild: bool) -> None:
    if verdicts and verdicts.count(Verdict.UNREADABLE) == len(verdicts):
        raise StorageUnavailable(f"of {len(verdicts):,} objects not one could be read")
    lost = verdicts.count(Verdict.LOST)
    if lost * 2 > len(verdicts) and not rebuild:
        raise Unavailable(
            f"Of {len(verdicts):,} torrents in a row, {lost:,} have no bytes in the storage. "
            "Is the disk mounted, and does STORAGE_URL name the right place? "
            "If they are really lost: scrub --rebuild."
        )


def _mend_batch(verdicts: Mapping[bytes, Verdict], objects: Mapping[bytes, Torrent | Verdict]) -> None:
    _insert_rows(
        [row for one, row in objects.items() if isinstance(row, Torrent) and verdicts[one] is Verdict.INDEXED]
    )
    for infohash, verdict in verdicts.items():
        if verdict is Verdict.REPAIRED:
            if isinstance(row := _read_object(infohash), Torrent):
                _rewrite_row(row)
                _delete_blocked([row])
        elif verdict is Verdict.PURGED:
            delete_torrents([infohash])
        elif verdict is Verdict.LOST:
            if _read_object(infohash) is Verdict.LOST:
                Torrent.objects.stored_under([infohash]).delete()
        elif verdict is Verdict.DAMAGED:
            _set_object_aside(infohash)


def _insert_rows(rows: list[Torrent]) -> None:
    try:
        with transaction.atomic():
            Torrent.objects.bulk_create(rows)
    except IntegrityError:  # a deposit inserted one just now, or a wrong row has one of these infohashes
        for row in rows:
            _rewrite_row(row)
    _delete_blocked(rows)


def _delete_blocked(written: list[Torrent]) -> None:
    """Delete what was taken down between the verdict on it and the writing of its row."""
    delete_torrents(find_blocked(infohash for row in written for infohash in row.infohashes))


def _rewrite_row(right: Torrent) -> None:
    """Make the row say what the bytes say. Of several rows that have one of its infohashes, one stays."""
    same_infohash = Q()
    for column in ("v1", "v2"):
        if infohash := getattr(right, column):
            same_infohash |= Q(**{column: infohash})
    with transaction.atomic():
        # The row that is stored under the same infohash comes first, and stays.
        rows = sorted(Torrent.objects.filter(same_infohash), key=lambda row: row.infohash != right.infohash)
        Torrent.objects.filter(pk__in=[row.pk for row in rows[1:]]).delete()
        if rows:
            values = {column: getattr(right, column) for column in _FROM_BYTES}
            Torrent.objects.filter(pk=rows[0].pk).update(**values)
        else:
            right.save(force_insert=True)


def _set_object_aside(infohash: bytes) -> None:
    """Keep damaged bytes as `<INFO_HASH>.torrent.damaged`, and remove the row and the object.

    The row goes first, so that there is never one without an object; then a copy is written, and only then the object
    is deleted.
    """
    if _read_object(infohash) is not Verdict.DAMAGED:
        return
    Torrent.objects.stored_under([infohash]).delete()
    key = storage_key(infohash)
    get_storage().put(f"{key}.damaged", get_storage().get(key).data, replace=True)
    if _read_object(infohash) is Verdict.DAMAGED:  # an upload may have replaced it just now
        get_storage().delete(key)
