"""The command `census`: counts the peers of stored torrents until it is stopped."""

import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from hashkeep.management.archive_command import ArchiveCommand
from hashkeep.management.stop_condition import add_attached_option, stop_condition
from workers.census import CensusWorker, open_country_database


class Command(ArchiveCommand):
    help = """\
Count the peers of stored torrents, by day and country, from the DHT and from trackers. Runs until stopped.

`serve` starts one where CENSUS is on; more may run beside it or on other machines that share its database and
storage, and no two look at the same torrent. What is asked for is looked at four times a day, what has peers daily,
the rest seldom. No address is kept. Countries come from the database at COUNTRY_DB, see `countries`.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        add_attached_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.CENSUS:
            raise CommandError("CENSUS is off, so nobody is asked for peers.")
        must_stop = stop_condition(options["attached"])
        try:
            worker = CensusWorker(open_country_database())
        except ValueError as error:
            raise CommandError(str(error)) from error
        asyncio.run(worker.run(must_stop))
