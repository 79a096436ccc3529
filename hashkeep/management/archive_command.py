"""What the commands have in common.

Help that is laid out by hand, a word where the index has no tables yet, and an end when whoever reads them, or has
started them, is gone.
"""

import os
import select
import sys
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

from hashkeep.checks import SETTINGS_TAG

_LONGEST = 1_000_000  # seconds or hours: what sleeps for longer overflows


class ArchiveCommand(BaseCommand):
    """Its `help` is shown as it is written, with examples; it needs the index, unless it says otherwise."""

    requires_migrations_checks = True
    # Django's own load every page first, which takes longer than most commands do.
    requires_system_checks = [SETTINGS_TAG]

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def check_migrations(self) -> None:
        """Django's own would warn, and go on."""
        require_migrations()

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
            sys.stdout.flush()
        except BrokenPipeError:  # whoever reads this, such as head, has seen enough
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
            )  # for what Python flushes at its end
            sys.exit(1)


def require_migrations() -> None:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError):
        return  # it is away: whoever needs it says so, and what lies on this disk can be served all the same
    if waiting:
        raise CommandError("The database has not the tables of this version: run manage.py migrate first.")


def parse_positive(text: str) -> float:
    """A span of time, as an argument's type."""
    with suppress(ValueError):
        if 0 < (number := float(text)) <= _LONGEST:
            return number
    raise ArgumentTypeError(f"{text} is no number above 0 and up to {_LONGEST:,}")


def add_attached_option(parser: CommandParser) -> None:
    """`serve` starts commands so, by way of the keeper."""
    parser.add_argument(
        "--attached", action="store_true", help="end when standard input does: whoever started it is gone"
    )


def is_parent_gone(within: float = 0) -> bool:
    """Whether standard input ends now, or in so many seconds."""
    return bool(select.select([sys.stdin], [], [], within)[0])
