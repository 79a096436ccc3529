"""The base class of Hashkeep's commands: help with examples, a migration check, a quiet end at a closed pipe."""

import os
import sys
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

from hashkeep.settings_checks import SETTINGS_TAG

_MAX_SPAN = 1_000_000  # seconds or hours: time.sleep overflows above some 9 billion seconds


class ArchiveCommand(BaseCommand):
    """A command whose `help` is printed as it is written, and which needs the tables of this version.

    A subclass that does not touch the database sets `requires_migrations_checks = False`.
    """

    requires_migrations_checks = True
    # Django's own checks load every page first, which takes longer than most commands do.
    requires_system_checks = [SETTINGS_TAG]

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def check_migrations(self) -> None:
        """Fails where Django's own check would print a warning and go on."""
        require_migrations()

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader of our output, such as head, has ended
            # Python flushes stdout once more when it exits; that must not fail.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)


def require_migrations() -> None:
    """Raises CommandError if the database lacks a migration.

    A database that cannot be reached passes: the command reports that itself where it needs the database, and what
    the local storage holds can be served without it.
    """
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError):
        return
    if missing:
        raise CommandError("The database has not the tables of this version: run manage.py migrate first.")


def parse_positive(text: str) -> float:
    """The type of an argument that is a span of time, in whatever unit the argument says."""
    with suppress(ValueError):
        if 0 < (number := float(text)) <= _MAX_SPAN:
            return number
    raise ArgumentTypeError(f"{text} is no number above 0 and up to {_MAX_SPAN:,}")
