"""A database that fails every query of one table, as one that is being restored does."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def missing_table(table: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO away")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE away RENAME TO {table}")
