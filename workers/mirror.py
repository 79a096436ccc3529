"""Mirroring: what another archive lists and this one lacks is fetched, verified and deposited.

Wiring, since it joins the archive with the world. What became of each torrent:

  held       it was here before, or is taken down here
  stored     fetched, and its infohash is the one that was asked for
  refused    fetched, but not taken: private, say
  gone       the other archive lists it, but does not hand it out any more
  wrong      what came hashes to something else, or is no torrent
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
from archive.takedowns.takedown import find_blocked
from archive.torrents.deposit import Receipt, deposit_many
from metainfo import parse_torrent
from metainfo.decompress import decompress_torrent
from metainfo.errors import NotAnInfohash, Refusal
from metainfo.infohash import infohash_to_hex, parse_infohash
from workers.remote_archive import RemoteArchive, RemoteNotFound, RemoteUnavailable

_ASK = 1_000  # infohashes that the index is asked for at once
_BATCH, _BATCH_BYTES = 200, 16_000_000  # torrents, and their bytes, that are deposited together
_PERIOD = re.compile(r"(\d{4})(\d\d)(\d\d)?\.txt", re.ASCII)
_SETTLED = timedelta(hours=1)  # clocks differ, and what is stored just before midnight is seen just after it
_LISTS = "/sync/"
_STATS = 10_000  # bytes
_NO_LISTS = "It has LISTING=off, perhaps, or is no Hashkeep; the address of a single list will do as well."


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
    fate: MirrorOutcome
    why: str = ""


class _Fetched(NamedTuple):
    infohash: bytes
    torrent: bytes | None
    fate: MirrorOutcome = MirrorOutcome.STORED
    why: str = ""


class Mirror:
    """Of an archive, by its address, or of a single list, by the list's."""

    def __init__(self, url: str, parallel: int, tell: Callable[[str], None]) -> None:
        self._parallel = parallel
        self._remote = RemoteArchive(url, parallel + 1, tell)
        self._list = url.removeprefix(self._remote.base)
        with outages():
            self._source, _ = Source.objects.get_or_create(url=self._remote.base)

    def run(self) -> Iterator[MirroredTorrent]:
        """One for each line of each list that may bring something new. Raises Away, Gone, Unavailable."""
        with ThreadPoolExecutor(self._parallel) as threads, closing(self._remote):
            if self._list.strip("/"):
                yield from self._follow(self._remote.lines(self._list), threads)
                return
            try:
                names = list(self._remote.lines(_LISTS))
            except RemoteNotFound as gone:
                raise RemoteNotFound(f"{gone} {_NO_LISTS}") from None
            yield from self._follow_lists(names, threads)

    def _follow_lists(self, names: list[str], threads: ThreadPoolExecutor) -> Iterator[MirroredTorrent]:
        """One that can grow no more, and in which nothing failed, nor in one before it, is not read again.

        But always one that stands behind a later one: it has grown when it should not, by a wrong clock over there.
        """
        failed, latest = False, date.min
        for name in names:
            if not (ends := _end(name)):
                continue
            late, latest = ends < latest, max(ends, latest)
            if not late and self._source.until and ends <= self._source.until:
                continue
            grown = datetime.now(UTC) >= datetime(ends.year, ends.month, ends.day, tzinfo=UTC) + _SETTLED
            for outcome in self._follow(_whole(name, self._remote.lines(_LISTS + name)), threads):
                failed = failed or outcome.fate is MirrorOutcome.FAILED
                yield outcome
            if grown and not failed and not late:
                with outages():
                    self._source.until = ends
                    self._source.save()

    def total(self) -> int | None:
        """How many there are to look at, where that can be known."""
        if self._list.strip("/") or self._source.until:
            return None
        with suppress(RemoteUnavailable, RemoteNotFound, ValueError, KeyError, TypeError):
            return int(json.loads(self._remote.fetch("/api/v1/stats", _STATS, tries=1))["torrents"])
        return None

    def _follow(self, lines: Iterable[str], threads: ThreadPoolExecutor) -> Iterator[MirroredTorrent]:
        for some in _batches(_infohashes(lines), lambda batch: len(batch) == _ASK):
            lacking = _lacking(some)
            yield from (
                MirroredTorrent(infohash_to_hex(one), MirrorOutcome.HELD)
                for one in some
                if one not in lacking
            )
            for batch in _batches(self._fetched(lacking, threads), _enough):
                yield from _kept(batch)

    def _fetched(self, infohashes: Iterable[bytes], threads: ThreadPoolExecutor) -> Iterator[_Fetched]:
        """In order, with a few on their way: what has come must not pile up."""
        coming: deque[Future[_Fetched]] = deque()
        left, failures = iter(infohashes), 0
        while True:
            coming.extend(
                threads.submit(self._fetch, one) for one in islice(left, 2 * self._parallel - len(coming))
            )
            if not coming:
                return
            fetched = coming.popleft().result()
            failures = failures + 1 if fetched.fate is MirrorOutcome.FAILED else 0
            if failures > self._parallel:
                raise RemoteUnavailable(f"{self._remote.base} does not answer any more: {fetched.why}")
            yield fetched

    def _fetch(self, infohash: bytes) -> _Fetched:
        limit = settings.MAX_TORRENT_BYTES
        try:
            torrent = decompress_torrent(
                self._remote.fetch(f"/torrent/{infohash_to_hex(infohash)}.torrent", limit), limit
            )
            meta = parse_torrent(torrent, limit)
        except RemoteNotFound as gone:
            return _Fetched(infohash, None, MirrorOutcome.GONE, str(gone))
        except RemoteUnavailable as away:
            return _Fetched(infohash, None, MirrorOutcome.FAILED, str(away))
        except Refusal as refusal:
            return _Fetched(infohash, None, MirrorOutcome.WRONG, str(refusal))
        if infohash not in (meta.v1, meta.v2):
            return _Fetched(
                infohash, None, MirrorOutcome.WRONG, f"What came is {infohash_to_hex(meta.infohash)}."
            )
        return _Fetched(infohash, torrent)


def _end(name: str) -> date | None:
    """The day after the month or day that a list is of."""
    if not (match := _PERIOD.fullmatch(name)):
        return None
    with suppress(ValueError, OverflowError):
        begin = date(int(match[1]), int(match[2]), int(match[3] or 1))
        return begin + timedelta(days=1) if match[3] else (begin + timedelta(days=31)).replace(day=1)
    return None


def _whole(name: str, lines: Iterable[str]) -> Iterator[str]:
    line = None
    for line in lines:
        yield line
    if line != "":
        raise RemoteUnavailable(f"The list {name} breaks off in the middle.")


def _infohashes(lines: Iterable[str]) -> Iterator[bytes]:
    for line in lines:
        with suppress(NotAnInfohash):
            yield parse_infohash(line)


def _lacking(infohashes: list[bytes]) -> dict[bytes, None]:
    """In order, and each once."""
    with outages():
        here = Torrent.objects.find_all(infohashes).keys() | find_blocked(infohashes).keys()
    return dict.fromkeys(one for one in infohashes if one not in here)


def _batches(items: Iterable[Item], full: Callable[[list[Item]], bool]) -> Iterator[list[Item]]:
    """Where the items break off, those that came are not lost."""
    batch: list[Item] = []
    try:
        for item in items:
            batch.append(item)
            if full(batch):
                yield batch
                batch = []
    except RemoteUnavailable:
        yield batch
        raise
    yield batch


def _enough(batch: list[_Fetched]) -> bool:
    return len(batch) == _BATCH or sum(len(one.torrent or b"") for one in batch) >= _BATCH_BYTES


def _kept(batch: list[_Fetched]) -> Iterator[MirroredTorrent]:
    came = [one for one in batch if one.torrent is not None]
    yield from (
        MirroredTorrent(infohash_to_hex(one.infohash), one.fate, one.why)
        for one in batch
        if one.torrent is None
    )
    for one, outcome in zip(came, deposit_many(one.torrent or b"" for one in came), strict=True):
        if isinstance(outcome, Unavailable):
            raise outcome
        if isinstance(outcome, Receipt):
            yield MirroredTorrent(
                infohash_to_hex(one.infohash), MirrorOutcome.STORED if outcome.new else MirrorOutcome.HELD
            )
        else:
            yield MirroredTorrent(infohash_to_hex(one.infohash), MirrorOutcome.REFUSED, str(outcome))
