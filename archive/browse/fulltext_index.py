"""The newest rows that match some words, by each database's own index: FTS5 on SQLite, tsvector on PostgreSQL."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import OperationalError, connection, transaction

from archive.db.driver import is_sqlite

_PATIENCE = 500  # milliseconds for PostgreSQL to find the newest by its index
_CANCELED = "57014"  # PostgreSQL's code for a statement that took too long

_NEWEST = "SELECT id FROM archive_torrent WHERE id < %s ORDER BY id DESC LIMIT %s"
_SQLITE = """
    SELECT rowid FROM archive_search WHERE archive_search MATCH %s AND rowid < %s ORDER BY rowid DESC LIMIT %s
"""
_FOUND = "array_to_tsvector(string_to_array(words, ' ')) @@ %s::tsquery"
_POSTGRESQL = f"SELECT id FROM archive_torrent WHERE {_FOUND} AND id < %s ORDER BY id DESC LIMIT %s"  # noqa: S608
_AMONG = f"""
    SELECT id FROM archive_torrent WHERE {_FOUND} AND id < %s AND id >= %s ORDER BY id DESC
"""  # noqa: S608


class IdBatch(NamedTuple):
    """Numbers of rows, the newest first; below `rest` nobody has looked yet, and None is the end."""

    found: list[int]
    rest: int | None


def newest_ids(before: int, most: int) -> IdBatch:
    """Of all."""
    return _ended(_numbers(_NEWEST, [before, most]), most)


def matching_ids(every: Sequence[str], one_of: Sequence[str], before: int, most: int) -> IdBatch:
    """Those that have every one of these words, and one of the others. There are only letters and digits in words."""
    if is_sqlite():
        return _ended(
            _numbers(_SQLITE, [_expression('"{}"', " AND ", " OR ", every, one_of), before, most]), most
        )
    matches = _expression("'{}'", " & ", " | ", every, one_of)
    try:
        with transaction.atomic():
            _numbers("SELECT set_config('statement_timeout', %s, true)", [str(_PATIENCE)])
            found = _numbers(_POSTGRESQL, [matches, before, most])
            _numbers("SELECT set_config('statement_timeout', '0', true)", [])
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != _CANCELED:
            raise
        return _among_newest(matches, before, most)
    return _ended(found, most)


def _among_newest(matches: str, before: int, most: int) -> IdBatch:
    """Without the index, one by one: a word that millions have is soon met."""
    looked_at = newest_ids(before, most)
    last = looked_at.found[-1] if looked_at.found else before
    return IdBatch(_numbers(_AMONG, [matches, before, last]), looked_at.rest)


def _expression(quoted: str, both: str, either: str, every: Sequence[str], one_of: Sequence[str]) -> str:
    parts = [quoted.format(word) for word in every]
    if one_of:
        parts.append(f"({either.join(quoted.format(word) for word in one_of)})")
    return both.join(parts)


def _numbers(statement: str, values: list[str | int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [number for (number,) in cursor.fetchall()]


def _ended(found: list[int], most: int) -> IdBatch:
    return IdBatch(found, found[-1] if len(found) == most else None)
