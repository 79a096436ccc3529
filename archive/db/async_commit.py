"""Transactions that do not wait for the disk. For wishes, never for torrents: a power cut may lose the last of them.

A kill loses none, since the operating system has the data. With the wait a wish takes twice as long.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from archive.db.driver import is_postgresql, is_sqlite
from archive.db.sqlite_writer_queue import write_lock


@contextmanager
def async_commit() -> Iterator[None]:
    """A transaction with asynchronous commit: `synchronous_commit = off`, or `synchronous=NORMAL` on SQLite.

    Inside another transaction it is a savepoint, and on SQLite the outer transaction's commit waits as it would.
    """
    changes_pragma = (
        is_sqlite() and not connection.in_atomic_block
    )  # the pragma has no effect in a transaction
    with write_lock():
        if changes_pragma:
            _set_pragma("synchronous=NORMAL")
        try:
            with transaction.atomic():
                if is_postgresql():
                    with connection.cursor() as cursor:
                        cursor.execute("SET LOCAL synchronous_commit = off")
                yield
        finally:
            if changes_pragma:
                _set_pragma("synchronous=FULL")


def _set_pragma(pragma: str) -> None:
    """Straight on the driver's connection: through Django it would take as long as a whole statement."""
    connection.ensure_connection()
    connection.connection.execute(f"PRAGMA {pragma}")
