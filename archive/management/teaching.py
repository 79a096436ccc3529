"""What the commands have in common: help that is laid out by hand, and an end when whoever started them is gone."""

import os
import select
import sys
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser


class Teaching(BaseCommand):
    """Its `help` is shown as it is written, with examples."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
            sys.stdout.flush()
        except BrokenPipeError:  # whoever reads this, such as head, has seen enough
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
            )  # for what Python flushes at its end
            sys.exit(1)


def may_be_attached(parser: CommandParser) -> None:
    """`serve` starts commands so, by way of the keeper."""
    parser.add_argument(
        "--attached", action="store_true", help="end when standard input does: whoever started it is gone"
    )


def abandoned(within: float = 0) -> bool:
    """Whether standard input ends now, or in so many seconds."""
    return bool(select.select([sys.stdin], [], [], within)[0])
