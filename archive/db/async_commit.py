"""Transactions for what may be lost in a power cut, though not by a kill: wishes, never torrents."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from archive.db.driver import is_postgresql, is_sqlite
from archive.db.write_lock import write_lock


@contextmanager
def async_commit() -> Iterator[None]:
    """A transaction whose commit does not wait for the disk: with the wait, a wish would take twice as long."""
    lite = is_sqlite() and not connection.in_atomic_block
    with write_lock():
        if lite:
            _pragma("synchronous=NORMAL")
        try:
            with transaction.atomic():
                if is_postgresql():
                    with connection.cursor() as cursor:
                        cursor.execute("SET LOCAL synchronous_commit = off")
                yield
        finally:
            if lite:
                _pragma("synchronous=FULL")


def _pragma(pragma: str) -> None:
    connection.ensure_connection()
    connection.connection.execute(f"PRAGMA {pragma}")  # past Django, which takes as long as a whole statement
