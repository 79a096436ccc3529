"""Transactions for what may be lost in a power cut, though not by a kill: wishes, never torrents."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.db import connection, transaction

_pen = threading.Lock()  # SQLite has one writer, and whoever finds it busy sleeps for longer than he need


@contextmanager
def hasty() -> Iterator[None]:
    """A transaction whose commit does not wait for the disk: with the wait, a wish would take twice as long."""
    lite = connection.vendor == "sqlite" and not connection.in_atomic_block
    with _pen if lite else nullcontext():
        if lite:
            _pragma("synchronous=NORMAL")
        try:
            with transaction.atomic():
                if connection.vendor == "postgresql":
                    with connection.cursor() as cursor:
                        cursor.execute("SET LOCAL synchronous_commit = off")
                yield
        finally:
            if lite:
                _pragma("synchronous=FULL")


def _pragma(pragma: str) -> None:
    connection.ensure_connection()
    connection.connection.execute(f"PRAGMA {pragma}")  # past Django, which takes as long as a whole statement
