"""The command `blocklist`: blocks every infohash of a list, once or every some hours."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import close_old_connections

from archive.errors import Unavailable
from archive.takedowns.blocklist import apply_blocklist, delete_blocked
from archive.torrents.count import count_torrents
from hashkeep.management.archive_command import ArchiveCommand, parse_positive
from hashkeep.management.input_lines import describe_error
from hashkeep.management.progress_bar import open_progress_bar
from hashkeep.management.stop_condition import add_attached_option, is_parent_gone
from metainfo.infohash_list import decode_lines

_HASHED_PREFIX = "hashed:"
_DEFAULT_REASON = "On a list of torrents that this server does not keep."
_TIMEOUT = 60  # seconds without a byte
_RETRY_HOURS = 0.1  # until a list that could not be read is tried again


class Command(ArchiveCommand):
    help = """\
Block every infohash of a list, and delete what is stored of them. Give a file, a URL, or - for stdin.

  blocklist https://lists.example/infohashes.txt
  blocklist hashed:/etc/hashkeep/digests.txt --every 24

A line holds an infohash in any spelling; what follows a space, a comma, # or ; is ignored. In a list with `hashed:`
before its name a line is the SHA-1 (40 hex digits) or SHA-256 (64) of an infohash's raw bytes: for lists that must
not tell what they block. Without a SOURCE, those of the setting BLOCKLISTS are taken.

Doing it again is harmless and takes what is new. What a list no longer names stays blocked: see take_down --lift; and
what was lifted is blocked again as long as a list names it.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sources", nargs="*", metavar="SOURCE")
        parser.add_argument(
            "--reason", default=_DEFAULT_REASON, help="told to whoever asks for one (default: %(default)s)"
        )
        parser.add_argument("--listed", action="store_true", help="show them on the public page of takedowns")
        parser.add_argument(
            "--every", type=parse_positive, metavar="HOURS", help="go on, and do it again so often"
        )
        add_attached_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sources = options["sources"] or settings.BLOCKLISTS
        if not sources:
            raise CommandError("Please name a list, or set BLOCKLISTS.")
        if options["listed"] and any(source.startswith(_HASHED_PREFIX) for source in sources):
            raise CommandError(
                "What a list of digests blocks is never shown: leave out --listed, or that list."
            )
        while True:
            failed = [source for source in sources if not self._block_source(source, options)]
            if not options["every"]:
                break
            close_old_connections()
            hours = min(options["every"], _RETRY_HOURS) if failed else options["every"]
            if _wait_until_gone(hours * 3600, options["attached"]):
                return
        if failed:
            raise CommandError(
                f"{len(failed)} of {len(sources)} lists could not be taken; run the command again."
            )

    def _block_source(self, source: str, options: dict[str, Any]) -> bool:
        """False, after a message on stderr, if the list could not be read or holds no hash."""
        hashed, name = source.startswith(_HASHED_PREFIX), source.removeprefix(_HASHED_PREFIX)
        counts: Counter[str] = Counter()
        try:
            with _open_lines(name) as lines, open_progress_bar(0, " lines", desc=name) as bar:
                try:
                    for batch in apply_blocklist(
                        lines, options["reason"], hashed=hashed, listed=options["listed"]
                    ):
                        counts += batch
                        bar.update(batch["new"] + batch["known"] + batch["unread"])
                finally:  # also if the list breaks off: what was read is blocked by now
                    if hashed:
                        counts["deleted"] += _delete_blocked()
        except (OSError, HTTPException, Unavailable) as error:
            self.stderr.write(f"{name} could not be taken: {describe_error(error)}.")
            return False
        self.stdout.write(
            f"{name}: {counts['new']:,} newly blocked, {counts['known']:,} blocked before, "
            f"{counts['deleted']:,} deleted, {counts['unread']:,} lines that are no hash"
        )
        if counts["unread"] and not counts["new"] + counts["known"]:
            self.stderr.write(f"{name} is no such list: it has not one hash.")
            return False
        return True


def _delete_blocked() -> int:
    deleted = 0
    with open_progress_bar(count_torrents(), " torrents", desc="what is stored") as bar:
        for batch in delete_blocked():
            deleted += batch["deleted"]
            bar.update(batch["read"])
    return deleted


@contextmanager
def _open_lines(name: str) -> Iterator[Iterable[str]]:
    """The lines of a file, of stdin for `-`, or of what a web server sends."""
    if name == "-":
        yield sys.stdin
    elif urlsplit(name).scheme in ("http", "https"):
        with urlopen(name, timeout=_TIMEOUT) as response:  # noqa: S310
            yield decode_lines(response, "replace")
    else:
        with open(name, "rb") as file:
            yield decode_lines(file, "replace")


def _wait_until_gone(seconds: float, attached: bool) -> bool:
    """Wait; returns True, and at once, if the command is `--attached` and `serve`, which started it, has ended."""
    if not attached:
        time.sleep(seconds)
        return False
    return is_parent_gone(seconds)
