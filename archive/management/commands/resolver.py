"""Search the BitTorrent network for what people want."""

import select
import signal
import sys
from argparse import RawDescriptionHelpFormatter
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from archive.management.resolving import Resolver, config
from swarm import Session


class Command(BaseCommand):
    help = """\
Search the BitTorrent network for the torrents that people ask for, and store what is found. Runs until stopped.

`serve` starts one; more may run beside it or on other machines that share its database and storage, and no two
search for the same torrent. The table of DHT nodes is kept in DATA_DIR. With RESOLVE=off it does not start.
"""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--attached", action="store_true", help="end when standard input does: whoever started it is gone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.RESOLVE:
            raise CommandError("RESOLVE is off, so the network is not asked.")
        stopped = Event()
        for wish in (signal.SIGTERM, signal.SIGINT):
            signal.signal(wish, lambda *_: stopped.set())
        session = Session(config())
        try:
            Resolver(session).run(lambda: stopped.is_set() or (options["attached"] and _abandoned()))
        finally:
            session.close()


def _abandoned() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])
