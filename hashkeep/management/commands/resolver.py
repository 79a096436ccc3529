"""The command `resolver`: searches the BitTorrent network for the wishes in the queue until it is stopped."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from hashkeep.management.archive_command import ArchiveCommand
from hashkeep.management.stop_condition import add_attached_option, stop_condition
from swarm import SearchEngine
from workers.resolver import Resolver, swarm_config


class Command(ArchiveCommand):
    help = """\
Search the BitTorrent network for the torrents that people ask for, and store what is found. Runs until stopped.

`serve` starts one; more may run beside it or on other machines that share its database and storage, and no two
search for the same torrent. The table of DHT nodes is kept in DATA_DIR. With RESOLVE=off it does not start.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        add_attached_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.RESOLVE:
            raise CommandError("RESOLVE is off, so the network is not asked.")
        must_stop = stop_condition(options["attached"])
        engine = SearchEngine(swarm_config())
        try:
            Resolver(engine).run(must_stop)
        finally:
            engine.close()
