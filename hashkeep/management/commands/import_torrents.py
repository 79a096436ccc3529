"""The command `import_torrents`: deposits the torrents in folders and archives."""

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
from hashkeep.management.terminal_text import escape_text
from hashkeep.management.torrent_files import TorrentFile, TorrentFiles, UnreadableFile

_BATCH = 500  # torrents
_BATCH_BYTES = 32_000_000  # a batch ends with the torrent that reaches this

_UNREADABLE = "could not be read"
_SKIPPED = "not looked at: neither a torrent's name nor an archive's"


class Command(ArchiveCommand):
    help = """\
Deposit torrents from folders and archives. A PATH is

  a folder      every *.torrent, *.torrent.gz, *.torrent.bz2 and archive in it, however deep; also the names
                that watch folders give, as *.torrent.added, .loaded, .invalid, .imported
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
        _require_paths(options["paths"])
        counts: Counter[str] = Counter()
        self._lists_refused = options["list_refused"] != os.devnull
        try:
            with _open_for_writing(options["list_refused"]) as list_refused:
                for path, reason in self._import_paths(options["paths"], counts):
                    list_refused.write(f"{escape_text(path)}: {reason}\n")
        except Unavailable as unavailable:
            raise CommandError(
                f"{unavailable} What is counted above is stored for good; run the same command again to go on."
            ) from unavailable
        _fail_if_incomplete(counts)

    def _import_paths(self, paths: list[str], counts: Counter[str]) -> Iterator[tuple[str, str]]:
        """Deposits everything and yields (path, reason) of each file that was not taken; counts every outcome."""
        torrent_files = TorrentFiles(paths, settings.MAX_TORRENT_BYTES)
        try:
            with open_progress_bar(torrent_files.total_bytes(), "B", unit_scale=True) as bar:
                for batch in _split_batches(torrent_files):
                    for path, outcome, reason in _deposit_batch(batch):
                        counts[outcome] += 1
                        if reason:
                            yield path, reason
                    rate = counts.total() / max(bar.format_dict["elapsed"], 0.001)
                    bar.set_postfix_str(f"{rate:,.0f} torrents/s", refresh=False)
                    bar.update(torrent_files.bytes_read - bar.n)
        finally:
            self.stdout.write(format_summary(counts + Counter({_SKIPPED: torrent_files.skipped})))
            if not counts:
                self.stdout.write("There was no torrent.")
            if not self._lists_refused and counts.total() > counts[STORED] + counts[HELD]:
                self.stdout.write("Which ones, and why: run it again with --list-refused FILE.")


def _require_paths(paths: list[str]) -> None:
    if missing := [path for path in paths if not (os.path.isfile(path) or os.path.isdir(path))]:
        raise CommandError(f"No such file or folder: {', '.join(map(escape_text, missing))}")


def _fail_if_incomplete(counts: Counter[str]) -> None:
    if unreadable := counts[_UNREADABLE]:
        raise CommandError(f"{unreadable:,} could not be read, or not to the end.")
    if counts and not counts[STORED] + counts[HELD]:
        raise CommandError("Nothing was taken.")


def _open_for_writing(path: str) -> TextIO:
    try:
        return open(path, "w", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from error


def _split_batches(
    items: Iterable[TorrentFile | UnreadableFile],
) -> Iterator[list[TorrentFile | UnreadableFile]]:
    batch: list[TorrentFile | UnreadableFile] = []
    size = 0
    for item in items:
        batch.append(item)
        size += len(item.torrent) if isinstance(item, TorrentFile) else 0
        if len(batch) == _BATCH or size >= _BATCH_BYTES:
            yield batch
            batch.clear()  # not a new list: the caller still holds this one, and with it the bytes of its torrents
            size = 0
    yield batch


def _deposit_batch(batch: list[TorrentFile | UnreadableFile]) -> Iterator[tuple[str, str, str]]:
    """Yields (path, outcome, reason) of each; the reason is empty for a torrent that is held now."""
    found = [item for item in batch if isinstance(item, TorrentFile)]
    outcomes = deposit_many([item.torrent for item in found], entry_point="import")
    for (path, _), outcome in zip(found, outcomes, strict=True):
        yield path, describe_outcome(outcome), "" if isinstance(outcome, Receipt) else str(outcome)
    for item in batch:
        if isinstance(item, UnreadableFile):
            yield item.path, _UNREADABLE, item.reason
