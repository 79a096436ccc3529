"""Fetch torrents from the BitTorrent network by their infohashes, many at once."""

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
from archive.queue.wishes import WishStatus, enqueue_wishes
from hashkeep.management.archive_command import ArchiveCommand
from hashkeep.management.input_lines import read_lines
from hashkeep.management.progress_bar import open_progress_bar
from metainfo.errors import NotAnInfohash
from metainfo.magnet import Magnet, parse_magnet
from swarm import SearchEngine
from workers.resolver import Resolver, config

_BATCH = 500
_LOOK = 0.5  # seconds
_NOBODY = 3.0  # seconds until it is clear that no resolver is running

_HELD, _MISSED, _NONSENSE = "held", "not found", "no infohash and no magnet link"
_LATELY = "not found some minutes ago, and not searched for again so soon"
_BLOCKED, _UNTAKEN = "taken down, and not searched for", "found, but not taken"


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
        magnets = dict.fromkeys(self._magnets(options["wishes"], counts))
        began = timezone.now()
        try:
            with ExitStack() as help_, open_progress_bar(len(magnets), " torrents") as bar:
                for standing in self._settled(iter(magnets), help_):
                    bar.update()
                    counts[fate := _fate(standing, began)] += 1
                    if fate != _HELD:
                        with bar.external_write_mode():
                            self.stdout.write(f"{standing.infohash} {_why(standing, fate)}")
        except Unavailable as unavailable:
            raise CommandError(f"{unavailable} Run the same command again.") from unavailable
        told = [_HELD, _MISSED, *(fate for fate in counts if fate not in (_HELD, _MISSED))]
        self.stdout.write("\n".join(f"{counts[fate]:>12,} {fate}" for fate in told))
        if lacking := counts.total() - counts[_HELD]:
            queued = " What was not found stays in the queue." if counts[_MISSED] + counts[_LATELY] else ""
            raise CommandError(f"Not held: {lacking:,} of {counts.total():,}.{queued}")

    def _magnets(self, wishes: list[str], counts: Counter[str]) -> Iterator[Magnet]:
        for text in _lines(wishes):
            try:
                yield parse_magnet(text, private=settings.BT_ALLOW_PRIVATE)
            except NotAnInfohash as refusal:
                counts[_NONSENSE] += 1
                self.stderr.write(f"{text}: {refusal}")

    def _settled(self, magnets: Iterator[Magnet], help_: ExitStack) -> Iterator[WishStatus]:
        """Each as soon as it is held or was searched for in vain; a batch on its way at any time."""
        waiting: list[Magnet] = []
        began, helped = time.monotonic(), False
        while waiting := waiting + list(islice(magnets, _BATCH - len(waiting))):
            try:
                standings = dict(zip(waiting, enqueue_wishes(waiting, ""), strict=True))
            except TooManyWishes as full:
                time.sleep(full.retry_after)
                continue
            yield from (one for one in standings.values() if not one.searching)
            waiting = [magnet for magnet, one in standings.items() if one.searching]
            if waiting and not helped and time.monotonic() - began > _NOBODY:
                helped = True
                if not any(one.leased for one in standings.values()):
                    _help(help_)
            time.sleep(_LOOK if waiting else 0)


def _fate(standing: WishStatus, began: datetime) -> str:
    if standing.state == "held":
        return _HELD
    if standing.reason:
        return _BLOCKED if standing.taken_down else _UNTAKEN
    return _LATELY if standing.tried_at and standing.tried_at < began else _MISSED


def _why(standing: WishStatus, fate: str) -> str:
    if fate == _LATELY:
        return f"{fate}; ask in {-(-standing.retry_after // 60)} min"
    return standing.reason or fate


def _lines(wishes: list[str]) -> Iterator[str]:
    for wish in wishes:
        if wish == "-" or os.path.isfile(wish):
            yield from read_lines(wish)
        else:
            yield wish


def _help(help_: ExitStack) -> None:
    """Be the resolver, until the command ends."""
    engine = SearchEngine(config())
    help_.callback(engine.close)
    stopped = Event()
    thread = Thread(target=Resolver(engine).run, args=[stopped.is_set], daemon=True)
    thread.start()
    help_.callback(thread.join)
    help_.callback(stopped.set)
