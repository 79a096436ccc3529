"""Fetch torrents from the BitTorrent network by their infohashes, many at once."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from threading import Event, Thread
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from archive.errors import NotAnInfohash, TooManyWishes, Unavailable
from archive.magnet import Magnet, read
from archive.management.progress import progress
from archive.management.resolving import Resolver, config
from archive.management.teaching import Teaching
from archive.wanted import Standing, want
from swarm import Session

_BATCH = 500
_LOOK = 0.5  # seconds
_NOBODY = 3.0  # seconds until it is clear that no resolver is running


class Command(Teaching):
    help = """\
Fetch torrents that are not held from the BitTorrent network, and store them.

  resolve 0123456789ABCDEF0123456789ABCDEF01234567 "magnet:?xt=urn:btih:…"
  resolve hashes.txt

Each argument is an infohash in any spelling, a magnet link, or a file of them, one a line; # begins a comment, - is
stdin. The resolver that `serve` keeps does the work; where none is running, this command does it itself. It ends when
each has been found or searched for in vain; the latter are tried again later by whatever resolver runs then.
The exit code is 1 where some were not found; their infohashes are printed.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("wishes", nargs="+", metavar="FILE|HASH")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.RESOLVE:
            raise CommandError("RESOLVE is off, so the network is not asked.")
        magnets = dict.fromkeys(self._magnets(options["wishes"]))
        missed = 0
        try:
            with ExitStack() as help_, progress(len(magnets), " torrents") as bar:
                for standing in self._settled(iter(magnets), help_):
                    bar.update()
                    if standing.state != "held":
                        missed += 1
                        with bar.external_write_mode():
                            self.stdout.write(f"{standing.infohash} {standing.reason or 'not found'}")
        except Unavailable as unavailable:
            raise CommandError(f"{unavailable} Run the same command again.") from unavailable
        self.stdout.write(f"{len(magnets) - missed:>12,} held\n{missed:>12,} not found")
        if missed:
            raise CommandError(f"{missed:,} were not found; they stay in the queue.")

    def _magnets(self, wishes: list[str]) -> Iterator[Magnet]:
        for text in _lines(wishes):
            try:
                yield read(text, private=settings.BT_ALLOW_PRIVATE)
            except NotAnInfohash as refusal:
                self.stderr.write(f"{text}: {refusal}")

    def _settled(self, magnets: Iterator[Magnet], help_: ExitStack) -> Iterator[Standing]:
        """Each as soon as it is held or was searched for in vain; a batch on its way at any time."""
        waiting: list[Magnet] = []
        began, helped = time.monotonic(), False
        while waiting := waiting + list(islice(magnets, _BATCH - len(waiting))):
            try:
                standings = dict(zip(waiting, want(waiting, ""), strict=True))
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


def _lines(wishes: list[str]) -> Iterator[str]:
    for wish in wishes:
        if wish != "-" and not os.path.isfile(wish):
            yield wish
            continue
        try:
            with sys.stdin if wish == "-" else open(wish, encoding="utf-8") as file:
                yield from filter(None, (line.partition("#")[0].strip() for line in file))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{wish} cannot be read: {error}") from error


def _help(help_: ExitStack) -> None:
    """Be the resolver, until the command ends."""
    session = Session(config())
    help_.callback(session.close)
    stopped = Event()
    thread = Thread(target=Resolver(session).run, args=[stopped.is_set], daemon=True)
    thread.start()
    help_.callback(thread.join)
    help_.callback(stopped.set)
