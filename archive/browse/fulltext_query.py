"""Queries the full-text index: the newest rows that have some words. FTS5 on SQLite, a GIN index on PostgreSQL.

A caller asks for batches of ids from the newest row downwards, and goes on where a batch ended:

    matching_ids(terms, before=MAX_ID, limit=100)  ──► ids 990 … 310, next_before 310
    matching_ids(terms, before=310, limit=100)     ──► ids 305 … 12, next_before None: that was the end

SQLite's index yields matching rows in the order of their ids, so a batch costs what its rows cost. PostgreSQL's
index must find all rows with the words before it can sort them: for words that millions of rows have, and few have
together, that takes seconds. So PostgreSQL gets INDEX_TIMEOUT for it, and then reads the newest `limit` rows one by
one instead: a common word soon occurs. Such a batch may be short or empty before the end is reached.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import OperationalError, connection, transaction

from archive.db.driver import is_sqlite
from archive.naming.query_terms import Term

INDEX_TIMEOUT = 500  # milliseconds
_QUERY_CANCELED = "57014"  # PostgreSQL's SQLSTATE of a statement that ran into its timeout

_NEWEST = "SELECT id FROM archive_torrent WHERE id < %s ORDER BY id DESC LIMIT %s"
_SQLITE_MATCHES = """
    SELECT rowid FROM archive_search WHERE archive_search MATCH %s AND rowid < %s ORDER BY rowid DESC LIMIT %s
"""
_HAS_WORDS = "array_to_tsvector(string_to_array(words, ' ')) @@ %s::tsquery"
_POSTGRESQL_MATCHES = (
    f"SELECT id FROM archive_torrent WHERE {_HAS_WORDS} AND id < %s ORDER BY id DESC LIMIT %s"  # noqa: S608
)
_MATCHES_IN_RANGE = f"""
    SELECT id FROM archive_torrent WHERE {_HAS_WORDS} AND id < %s AND id >= %s ORDER BY id DESC
"""  # noqa: S608


class IdBatch(NamedTuple):
    """Ids of rows, the newest first. Rows from `next_before` upwards have been looked at; None: all have."""

    ids: list[int]
    next_before: int | None


def newest_ids(before: int, limit: int) -> IdBatch:
    """The newest rows below the id `before`, whatever their words."""
    return _full_or_last(_query_ids(_NEWEST, [before, limit]), limit)


def matching_ids(terms: Sequence[Term], before: int, limit: int) -> IdBatch:
    """The newest rows below the id `before` for which all of these terms hold, of which there is at least one.

    Their words are those that `search_words` makes: letters, digits and "=". So none can break out of its quotes.
    """
    if is_sqlite():
        match = _boolean_expression('"{}"', " AND ", " OR ", terms)
        return _full_or_last(_query_ids(_SQLITE_MATCHES, [match, before, limit]), limit)
    tsquery = _boolean_expression("'{}'", " & ", " | ", terms)
    try:
        with transaction.atomic():
            _query_ids("SELECT set_config('statement_timeout', %s, true)", [str(INDEX_TIMEOUT)])
            ids = _query_ids(_POSTGRESQL_MATCHES, [tsquery, before, limit])
            _query_ids("SELECT set_config('statement_timeout', '0', true)", [])
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != _QUERY_CANCELED:
            raise
        return _matches_among_newest(tsquery, before, limit)
    return _full_or_last(ids, limit)


def _matches_among_newest(tsquery: str, before: int, limit: int) -> IdBatch:
    """Those of the newest `limit` rows that match, without the index."""
    newest = newest_ids(before, limit)
    oldest = newest.ids[-1] if newest.ids else before
    return IdBatch(_query_ids(_MATCHES_IN_RANGE, [tsquery, before, oldest]), newest.next_before)


def _boolean_expression(quoted: str, and_: str, or_: str, terms: Sequence[Term]) -> str:
    """The condition in the language of the database, which these three patterns spell."""
    return and_.join(
        f"({or_.join(f'({and_.join(map(quoted.format, alternative))})' for alternative in term)})"
        for term in terms
    )


def _query_ids(statement: str, parameters: list[str | int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [id_ for (id_,) in cursor.fetchall()]


def _full_or_last(ids: list[int], limit: int) -> IdBatch:
    """A batch of what the index found: if it is not full, there are no more."""
    return IdBatch(ids, ids[-1] if len(ids) == limit else None)
