"""The command `resolve`: fetches torrents from the BitTorrent network by infohash, many at the same time."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from itertools import islice
from threading import Event, Thread
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from archive.errors import TooManyWishes, Unavailable
from archive.queue.enqueue import enqueue_wishes
from archive.queue.wish_status import WishStatus
from hashkeep.management.archive_command import ArchiveCommand
from hashkeep.management.input_lines import read_lines
from hashkeep.management.progress_bar import open_progress_bar
from hashkeep.management.terminal_text import escape_text
from metainfo.errors import NotAnInfohash
from metainfo.magnet import Magnet, parse_magnet
from swarm import SearchEngine
from workers.resolver import Resolver, swarm_config

_BATCH = 500  # wishes that are in the queue at a time
_POLL = 0.5  # seconds between two looks at the queue
_RESOLVER_TIMEOUT = 3.0  # seconds in which a running resolver claims a wish

_HELD, _MISSED, _NOT_AN_INFOHASH = "held", "not found", "no infohash and no magnet link"
_TRIED_RECENTLY = "not found some minutes ago, and not searched for again so soon"
_BLOCKED, _REFUSED = "taken down, and not searched for", "found, but not taken"


class Command(ArchiveCommand):
    help = """\
Fetch torrents that are not held from the BitTorrent network, and store them.

  resolve 0123456789ABCDEF0123456789ABCDEF01234567 "magnet:?xt=urn:btih:…"
  resolve hashes.txt

Each argument is an infohash in any spelling, a magnet link, or a file of them, one a line; # begins a comment, - is
stdin. The resolver that `serve` keeps does the work; where none is running, this command does it itself. It ends when
each has been found or searched for in vain; the latter are tried again later by whatever resolver runs then. What was
missed within the last ten minutes is not searched for again at once.
The exit code is 1 where some are not held in the end; these are printed, each with the reason.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("wishes", nargs="+", metavar="FILE|HASH")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.RESOLVE:
            raise CommandError("RESOLVE is off, so the network is not asked.")
        counts: Counter[str] = Counter()
        magnets = dict.fromkeys(self._parse_wishes(options["wishes"], counts))
        began = timezone.now()
        try:
            with ExitStack() as stack, open_progress_bar(len(magnets), " torrents") as bar:
                for status in self._wait_until_settled(iter(magnets), stack):
                    bar.update()
                    counts[outcome := _classify_status(status, began)] += 1
                    if outcome != _HELD:
                        with bar.external_write_mode():
                            self.stdout.write(f"{status.infohash} {_describe_outcome(status, outcome)}")
        except Unavailable as unavailable:
            raise CommandError(f"{unavailable} Run the same command again.") from unavailable
        reported = [_HELD, _MISSED, *(outcome for outcome in counts if outcome not in (_HELD, _MISSED))]
        self.stdout.write("\n".join(f"{counts[outcome]:>12,} {outcome}" for outcome in reported))
        if lacking := counts.total() - counts[_HELD]:
            queued = (
                " What was not found stays in the queue." if counts[_MISSED] + counts[_TRIED_RECENTLY] else ""
            )
            raise CommandError(f"Not held: {lacking:,} of {counts.total():,}.{queued}")

    def _parse_wishes(self, wishes: list[str], counts: Counter[str]) -> Iterator[Magnet]:
        for text in _read_wishes(wishes):
            try:
                magnet = parse_magnet(text, private=settings.BT_ALLOW_PRIVATE)
            except NotAnInfohash as refusal:
                counts[_NOT_AN_INFOHASH] += 1
                self.stderr.write(f"{text}: {refusal}")
                continue
            for value in magnet.unused:
                self.stderr.write(f"{escape_text(value)}: this tracker or peer of a link is not used.")
            yield magnet

    def _wait_until_settled(self, magnets: Iterator[Magnet], stack: ExitStack) -> Iterator[WishStatus]:
        """Yields the status of each wish once it is held or was searched for in vain; keeps a batch in the queue."""
        waiting: list[Magnet] = []
        began, looked_for_resolver = time.monotonic(), False
        while waiting := waiting + list(islice(magnets, _BATCH - len(waiting))):
            try:
                statuses = dict(zip(waiting, enqueue_wishes(waiting, ""), strict=True))
            except TooManyWishes as full:
                time.sleep(full.retry_after)
                continue
            yield from (status for status in statuses.values() if not status.searching)
            waiting = [magnet for magnet, status in statuses.items() if status.searching]
            if waiting and not looked_for_resolver and time.monotonic() - began > _RESOLVER_TIMEOUT:
                looked_for_resolver = True
                if not any(status.leased for status in statuses.values()):
                    _run_resolver(stack)
            time.sleep(_POLL if waiting else 0)


def _classify_status(status: WishStatus, began: datetime) -> str:
    if status.state == "held":
        return _HELD
    if status.reason:
        return _BLOCKED if status.taken_down else _REFUSED
    return _TRIED_RECENTLY if status.tried_at and status.tried_at < began else _MISSED


def _describe_outcome(status: WishStatus, outcome: str) -> str:
    if outcome == _TRIED_RECENTLY:
        return f"{outcome}; ask in {-(-status.retry_after // 60)} min"
    return status.reason or outcome


def _read_wishes(wishes: list[str]) -> Iterator[str]:
    for wish in wishes:
        if wish == "-" or os.path.isfile(wish):
            yield from read_lines(wish)
        else:
            yield wish


def _run_resolver(stack: ExitStack) -> None:
    """Run a resolver in a thread of this process until the stack is closed."""
    engine = SearchEngine(swarm_config())
    stack.callback(engine.close)
    stopped = Event()
    thread = Thread(target=Resolver(engine).run, args=[stopped.is_set], daemon=True)
    thread.start()
    stack.callback(thread.join)
    stack.callback(stopped.set)
