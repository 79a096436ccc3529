"""Deposit what lies in folders and archives."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from archive.errors import Unavailable
from archive.torrents.deposit import Receipt, deposit_many
from hashkeep.management.archive_command import ArchiveCommand
from hashkeep.management.deposit_outcomes import HELD, STORED, describe_outcome, format_summary
from hashkeep.management.progress_bar import open_progress_bar
from hashkeep.management.torrent_files import TorrentFile, TorrentFiles, UnreadableFile

_BATCH = 500  # torrents
_BATCH_BYTES = 32_000_000

_UNREADABLE = "could not be read"
_PASSED = "not looked at: neither a torrent's name nor an archive's"


class Command(ArchiveCommand):
    help = """\
Deposit torrents from folders and archives. A PATH is

  a folder      every *.torrent, *.torrent.gz, *.torrent.bz2 and archive in it, however deep
  an archive    .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz, .zip: every torrent in it; or a .gz of one torrent
  a torrent     whatever its name

Each goes the way of any upload, so that what is held already is passed over: after an interruption, run the
same command again. What is refused or cannot be read stops nothing; --list-refused tells which files those are.
The exit code is 1 where something could not be read, or where nothing was taken of all that was found; among many
torrents some are refused as a rule.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH")
        parser.add_argument(
            "--list-refused",
            metavar="FILE",
            default=os.devnull,
            help="write a line, `path: reason`, for each file that was not taken",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        _must_exist(options["paths"])
        counts: Counter[str] = Counter()
        self._listing = options["list_refused"] != os.devnull
        try:
            with _opened(options["list_refused"]) as list_refused:
                for path, why in self._import(options["paths"], counts):
                    list_refused.write(f"{_printable(path)}: {why}\n")
        except Unavailable as unavailable:
            raise CommandError(
                f"{unavailable} What is counted above is stored for good; run the same command again to go on."
            ) from unavailable
        _must_be_read(counts)

    def _import(self, paths: list[str], counts: Counter[str]) -> Iterator[tuple[str, str]]:
        """Path and reason of whatever is not taken."""
        gathering = TorrentFiles(paths, settings.MAX_TORRENT_BYTES)
        try:
            with open_progress_bar(gathering.total(), "B", unit_scale=True) as bar:
                for batch in _batches(gathering):
                    for path, outcome, why in _deposit(batch):
                        counts[outcome] += 1
                        if why:
                            yield path, why
                    rate = counts.total() / max(bar.format_dict["elapsed"], 0.001)
                    bar.set_postfix_str(f"{rate:,.0f} torrents/s", refresh=False)
                    bar.update(gathering.read - bar.n)
        finally:
            self.stdout.write(format_summary(counts + Counter({_PASSED: gathering.passed})))
            if not counts:
                self.stdout.write("There was no torrent.")
            if not self._listing and counts.total() > counts[STORED] + counts[HELD]:
                self.stdout.write("Which ones, and why: run it again with --list-refused FILE.")


def _must_exist(paths: list[str]) -> None:
    if missing := [path for path in paths if not (os.path.isfile(path) or os.path.isdir(path))]:
        raise CommandError(f"No such file or folder: {', '.join(map(_printable, missing))}")


def _must_be_read(counts: Counter[str]) -> None:
    if unreadable := counts[_UNREADABLE]:
        raise CommandError(f"{unreadable:,} could not be read, or not to the end.")
    if counts and not counts[STORED] + counts[HELD]:
        raise CommandError("Nothing was taken.")


def _opened(path: str) -> TextIO:
    try:
        return open(path, "w", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from error


def _batches(items: Iterable[TorrentFile | UnreadableFile]) -> Iterator[list[TorrentFile | UnreadableFile]]:
    batch: list[TorrentFile | UnreadableFile] = []
    size = 0
    for item in items:
        batch.append(item)
        size += len(item.torrent) if isinstance(item, TorrentFile) else 0
        if len(batch) == _BATCH or size >= _BATCH_BYTES:
            yield batch
            batch.clear()  # not a new list: whoever looks at this one would keep it alive beside the next
            size = 0
    yield batch


def _deposit(batch: list[TorrentFile | UnreadableFile]) -> Iterator[tuple[str, str, str]]:
    """Path, outcome and, where it is none of the good ones, the reason."""
    found = [item for item in batch if isinstance(item, TorrentFile)]
    outcomes = deposit_many([item.torrent for item in found], entry_point="import")
    for (path, _), outcome in zip(found, outcomes, strict=True):
        yield path, describe_outcome(outcome), "" if isinstance(outcome, Receipt) else str(outcome)
    for item in batch:
        if isinstance(item, UnreadableFile):
            yield item.path, _UNREADABLE, item.why


def _printable(path: str) -> str:
    """Names in archives may hold line ends, control characters and bytes that are no text."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in path)
