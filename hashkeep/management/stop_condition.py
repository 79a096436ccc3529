"""When a long-running command has to stop: at SIGTERM, at Ctrl+C, or when `serve`, which started it, has ended.

    serve ── pipe ──> workers.supervisor ── the same pipe ──> manage.py resolver --attached

`serve` never writes to the pipe. When its process ends, however it ends, the kernel closes the pipe, and standard
input of everything below becomes readable.
"""

import select
import signal
import sys
from collections.abc import Callable
from threading import Event

from django.core.management.base import CommandParser


def add_attached_option(parser: CommandParser) -> None:
    """The option `--attached`, with which `serve` starts commands through workers.supervisor."""
    parser.add_argument(
        "--attached", action="store_true", help="end when standard input does: whoever started it is gone"
    )


def is_parent_gone(timeout: float = 0) -> bool:
    """Whether standard input is closed, or is closed within that many seconds."""
    return bool(select.select([sys.stdin], [], [], timeout)[0])


def stop_condition(attached: bool) -> Callable[[], bool]:
    """Handles SIGTERM and SIGINT from now on; returns a function that tells whether the command has to stop.

    `attached`: the end of standard input is a reason to stop as well. Must be called in the main thread.
    """
    stopped = Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stopped.set())
    return lambda: stopped.is_set() or (attached and is_parent_gone())
