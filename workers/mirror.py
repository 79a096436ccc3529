"""Mirrors another archive: fetches every torrent that it lists and this one lacks, verifies and deposits it.

    the other archive's lists ──> infohashes, 1,000 at a time ──> those not held here
      ──> fetched by a few threads, in order ──> verified ──> deposited in batches ──> one outcome for each infohash

The outcomes:

  held       it was held before, or is taken down here
  stored     it was fetched, and its infohash is the one that was asked for
  refused    it was fetched, but the archive does not take it: a private torrent, for example
  gone       the other archive lists it, but does not serve it any more
  wrong      the bytes that came hash to another infohash, or are no torrent
  failed     it could not be fetched this time; the next run tries again
"""

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import NamedTuple, TypeVar

from django.conf import settings

from archive.db.outages import outages
from archive.errors import Unavailable
from archive.models import Source, Torrent
from archive.takedowns.find_blocked import find_blocked
from archive.torrents.deposit import Receipt, deposit_many
from metainfo import parse_torrent
from metainfo.decompress import decompress_torrent
from metainfo.errors import NotAnInfohash, Refusal
from metainfo.infohash import infohash_to_hex, parse_infohash
from workers.remote_archive import RemoteArchive, RemoteNotFound, RemoteUnavailable

_LOOKUP_BATCH = 1_000  # infohashes looked up in the index together
_DEPOSIT_BATCH, _DEPOSIT_BYTES = 200, 16_000_000  # torrents, and their bytes, deposited together
_LIST_NAME = re.compile(r"(\d{4})(\d\d)(\d\d)?\.txt", re.ASCII)
# After the end of a day or month its list may still grow for so long: clocks differ, and a torrent stored just
# before midnight is listed just after it.
_GRACE = timedelta(hours=1)
_LISTS_PATH = "/sync/"
_MAX_STATS = 10_000  # bytes of the answer of /api/v1/stats
_NO_LISTS_HINT = (
    "It has LISTING=off, perhaps, or is no Hashkeep; the address of a single list will do as well."
)


Item = TypeVar("Item")


class MirrorOutcome(StrEnum):
    HELD = "held"
    STORED = "stored"
    REFUSED = "refused"
    GONE = "gone"
    WRONG = "wrong"
    FAILED = "failed"


class MirroredTorrent(NamedTuple):
    infohash: str
    outcome: MirrorOutcome
    reason: str = ""


class _FetchedTorrent(NamedTuple):
    """`torrent` is None where the fetch failed; `outcome` and `reason` then say how."""

    infohash: bytes
    torrent: bytes | None
    outcome: MirrorOutcome = MirrorOutcome.STORED
    reason: str = ""


class Mirror:
    """Mirrors the archive at `url`, or only the list of infohashes at `url` if that has a path.

    `parallel` is the number of requests at a time. `report` is called, by any thread, with what goes wrong and how
    long the mirror waits.
    """

    def __init__(self, url: str, parallel: int, report: Callable[[str], None]) -> None:
        self._parallel = parallel
        self._remote = RemoteArchive(url, parallel + 1, report)
        self._list_path = url.removeprefix(self._remote.base)
        with outages():
            self._source, _ = Source.objects.get_or_create(url=self._remote.base)

    def run(self) -> Iterator[MirroredTorrent]:
        """Yields an outcome for each line of each list that may hold new infohashes.

        Raises RemoteNotFound, RemoteUnavailable, Unavailable.
        """
        with ThreadPoolExecutor(self._parallel) as pool, closing(self._remote):
            if self._list_path.strip("/"):
                yield from self._mirror_lines(self._remote.lines(self._list_path), pool)
                return
            try:
                names = list(self._remote.lines(_LISTS_PATH))
            except RemoteNotFound as gone:
                raise RemoteNotFound(f"{gone} {_NO_LISTS_HINT}") from None
            yield from self._mirror_lists(names, pool)

    def _mirror_lists(self, names: list[str], pool: ThreadPoolExecutor) -> Iterator[MirroredTorrent]:
        """Mirrors the lists in their order, and notes up to which day they need not be read again.

        A list is finished when it can grow no more and no torrent of it, or of a list before it, failed. A list that
        is named after one of a later day is always read: it grew when it should not, by a wrong clock of the other
        archive.
        """
        has_failed, latest = False, date.min
        for name in names:
            if not (ends := _period_end(name)):
                continue
            is_out_of_order, latest = ends < latest, max(ends, latest)
            if not is_out_of_order and self._source.until and ends <= self._source.until:
                continue
            is_complete = datetime.now(UTC) >= datetime(ends.year, ends.month, ends.day, tzinfo=UTC) + _GRACE
            for torrent in self._mirror_lines(
                _require_last_line(name, self._remote.lines(_LISTS_PATH + name)), pool
            ):
                has_failed = has_failed or torrent.outcome is MirrorOutcome.FAILED
                yield torrent
            if is_complete and not has_failed and not is_out_of_order:
                with outages():
                    self._source.until = ends
                    self._source.save()

    def count_torrents(self) -> int | None:
        """How many infohashes `run` will go through; None where that is not known."""
        if self._list_path.strip("/") or self._source.until:
            return None
        with suppress(RemoteUnavailable, RemoteNotFound, ValueError, KeyError, TypeError):
            return int(json.loads(self._remote.fetch("/api/v1/stats", _MAX_STATS, tries=1))["torrents"])
        return None

    def _mirror_lines(self, lines: Iterable[str], pool: ThreadPoolExecutor) -> Iterator[MirroredTorrent]:
        for batch in _split_batches(_parse_infohashes(lines), lambda items: len(items) == _LOOKUP_BATCH):
            missing = _find_missing(batch)
            yield from (
                MirroredTorrent(infohash_to_hex(infohash), MirrorOutcome.HELD)
                for infohash in batch
                if infohash not in missing
            )
            for fetched in _split_batches(self._fetch_all(missing, pool), _is_full):
                yield from _deposit_batch(fetched)

    def _fetch_all(self, infohashes: Iterable[bytes], pool: ThreadPoolExecutor) -> Iterator[_FetchedTorrent]:
        """Yields the torrents in order. Few requests run ahead, so that fetched torrents do not pile up in memory."""
        pending: deque[Future[_FetchedTorrent]] = deque()
        remaining, failures = iter(infohashes), 0
        while True:
            pending.extend(
                pool.submit(self._fetch_torrent, infohash)
                for infohash in islice(remaining, 2 * self._parallel - len(pending))
            )
            if not pending:
                return
            fetched = pending.popleft().result()
            failures = failures + 1 if fetched.outcome is MirrorOutcome.FAILED else 0
            if failures > self._parallel:
                raise RemoteUnavailable(f"{self._remote.base} does not answer any more: {fetched.reason}")
            yield fetched

    def _fetch_torrent(self, infohash: bytes) -> _FetchedTorrent:
        limit = settings.MAX_TORRENT_BYTES
        try:
            torrent = decompress_torrent(
                self._remote.fetch(f"/torrent/{infohash_to_hex(infohash)}.torrent", limit), limit
            )
            meta = parse_torrent(torrent, limit)
        except RemoteNotFound as gone:
            return _FetchedTorrent(infohash, None, MirrorOutcome.GONE, str(gone))
        except RemoteUnavailable as away:
            return _FetchedTorrent(infohash, None, MirrorOutcome.FAILED, str(away))
        except Refusal as refusal:
            return _FetchedTorrent(infohash, None, MirrorOutcome.WRONG, str(refusal))
        if infohash not in (meta.v1, meta.v2):
            return _FetchedTorrent(
                infohash, None, MirrorOutcome.WRONG, f"What came is {infohash_to_hex(meta.infohash)}."
            )
        return _FetchedTorrent(infohash, torrent)


def _period_end(name: str) -> date | None:
    """The first day after the month or day of a list, `202601.txt` or `20260131.txt`; None for other names."""
    if not (match := _LIST_NAME.fullmatch(name)):
        return None
    with suppress(ValueError, OverflowError):
        begin = date(int(match[1]), int(match[2]), int(match[3] or 1))
        return begin + timedelta(days=1) if match[3] else (begin + timedelta(days=31)).replace(day=1)
    return None


def _require_last_line(name: str, lines: Iterable[str]) -> Iterator[str]:
    """Yields the lines; raises RemoteUnavailable if the last is not empty, as it is in a list sent to its end."""
    line = None
    for line in lines:
        yield line
    if line != "":
        raise RemoteUnavailable(f"The list {name} breaks off in the middle.")


def _parse_infohashes(lines: Iterable[str]) -> Iterator[bytes]:
    for line in lines:
        with suppress(NotAnInfohash):
            yield parse_infohash(line.strip().strip("\ufeff"))


def _find_missing(infohashes: list[bytes]) -> dict[bytes, None]:
    """The infohashes that are neither held nor blocked here: in order, each once."""
    with outages():
        known = Torrent.objects.find_all(infohashes).keys() | find_blocked(infohashes).keys()
    return dict.fromkeys(infohash for infohash in infohashes if infohash not in known)


def _split_batches(items: Iterable[Item], is_full: Callable[[list[Item]], bool]) -> Iterator[list[Item]]:
    """Yields lists of items, each until `is_full`. Where the items end in RemoteUnavailable, the rest comes first."""
    batch: list[Item] = []
    try:
        for item in items:
            batch.append(item)
            if is_full(batch):
                yield batch
                batch = []
    except RemoteUnavailable:
        yield batch
        raise
    yield batch


def _is_full(batch: list[_FetchedTorrent]) -> bool:
    return len(batch) == _DEPOSIT_BATCH or sum(len(one.torrent or b"") for one in batch) >= _DEPOSIT_BYTES


def _deposit_batch(batch: list[_FetchedTorrent]) -> Iterator[MirroredTorrent]:
    fetched = [one for one in batch if one.torrent is not None]
    yield from (
        MirroredTorrent(infohash_to_hex(one.infohash), one.outcome, one.reason)
        for one in batch
        if one.torrent is None
    )
    for one, outcome in zip(fetched, deposit_many(one.torrent or b"" for one in fetched), strict=True):
        if isinstance(outcome, Unavailable):
            raise outcome
        if isinstance(outcome, Receipt):
            yield MirroredTorrent(
                infohash_to_hex(one.infohash), MirrorOutcome.STORED if outcome.new else MirrorOutcome.HELD
            )
        else:
            yield MirroredTorrent(infohash_to_hex(one.infohash), MirrorOutcome.REFUSED, str(outcome))
