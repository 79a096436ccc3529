"""Pieces of SQL statements written by hand: placeholders for lists of values, and inserts of many rows."""

from collections.abc import Iterator, Sequence, Sized
from typing import Any, TypeVar

from django.db import connection

Value = TypeVar("Value")

PER_STATEMENT = 500  # values or rows of one statement: a short one plans faster, and SQLite limits variables


def placeholders(values: Sized, placeholder: str = "%s") -> str:
    """`%s, %s, %s` for three values. For none it is NULL, since PostgreSQL has no empty list."""
    return ", ".join([placeholder] * len(values)) or "NULL"


def chunks(values: Sequence[Value], size: int = PER_STATEMENT) -> Iterator[Sequence[Value]]:
    """The values in their order, at most `size` at a time."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def insert_rows(
    table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, ignore_conflicts: bool = False
) -> None:
    """Insert rows, each with a value for every column, as the driver takes them. Five times as fast as bulk_create.

    With `ignore_conflicts` a row whose unique key exists already is left out; else IntegrityError is raised.
    """
    conflicts = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    row_placeholders = f"({placeholders(columns)})"
    with connection.cursor() as cursor:
        for some in chunks(rows):
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608
                f"{placeholders(some, row_placeholders)}{conflicts}",
                [value for row in some for value in row],
            )
