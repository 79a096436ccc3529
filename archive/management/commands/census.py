"""Count the peers of stored torrents."""

import asyncio
import select
import signal
import sys
from argparse import RawDescriptionHelpFormatter
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from archive.management.surveying import Surveyor, countries


class Command(BaseCommand):
    help = """\
Count the peers of stored torrents, by day and country, from the DHT and from trackers. Runs until stopped.

`serve` starts one where CENSUS is on; more may run beside it or on other machines that share its database and
storage, and no two look at the same torrent. What is asked for is looked at four times a day, what has peers daily,
the rest seldom. No address is kept. Countries come from the database at COUNTRY_DB, see `countries`.
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
        stopped = Event()
        for wish in (signal.SIGTERM, signal.SIGINT):
            signal.signal(wish, lambda *_: stopped.set())
        try:
            surveyor = Surveyor(countries())
        except ValueError as error:
            raise CommandError(str(error)) from error
        asyncio.run(surveyor.run(lambda: stopped.is_set() or (options["attached"] and _abandoned())))


def _abandoned() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])
