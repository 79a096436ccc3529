"""Which of many infohashes are held: for whoever has a list and wants to know what is missing."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from django.db import connection

from archive.db.driver import choose, is_postgresql
from archive.db.outages import outages


class _Statements(NamedTuple):
    """Each gives what was asked for, and what that is stored under."""

    at_once: int
    by_v1: str
    by_v2: str
    by_short_v2: str


# Not joins: PostgreSQL takes those for so much work that it compiles them first, 200 ms each time. The range of a
# truncated v2 infohash is in the index of v2 as it is; both databases sort a beginning before what it begins.
_STATEMENTS = {
    "postgresql": _Statements(
        at_once=2_000,
        by_v1="SELECT v1, v1 FROM archive_torrent WHERE v1 = ANY(%s::bytea[])",
        by_v2="SELECT v2, coalesce(v1, v2) FROM archive_torrent WHERE v2 = ANY(%s::bytea[])",
        by_short_v2=r"""
            SELECT short, (
                SELECT coalesce(v1, v2) FROM archive_torrent
                WHERE v2 BETWEEN short AND short || '\xffffffffffffffffffffffff'::bytea LIMIT 1
            ) FROM unnest(%s::bytea[]) AS asked(short)
        """,
    ),
    "sqlite": _Statements(  # has no arrays, and a limit on variables
        at_once=500,
        by_v1="SELECT v1, v1 FROM archive_torrent WHERE v1 IN ({})",
        by_v2="SELECT v2, coalesce(v1, v2) FROM archive_torrent WHERE v2 IN ({})",
        by_short_v2="""
            WITH asked(short) AS (VALUES {})
            SELECT short, (
                SELECT coalesce(v1, v2) FROM archive_torrent
                WHERE v2 BETWEEN short AND CAST(short || x'ffffffffffffffffffffffff' AS BLOB) LIMIT 1
            ) FROM asked
        """,
    ),
}


def find_held(infohashes: Iterable[bytes]) -> dict[bytes, bytes]:
    """Of these, v1, v2 or truncated v2, those that are held, with the infohash that each is stored under.

    Raises Unavailable.
    """
    asked = set(infohashes)
    shorts = {name for name in asked if len(name) == 20}
    ask = choose(**_STATEMENTS)
    with outages():
        held = dict(_found(ask.by_v1, sorted(shorts)))
        held |= _found(ask.by_v2, sorted(asked - shorts))
        return held | dict(_found(ask.by_short_v2, sorted(shorts.difference(held))))


def _found(statement: str, asked: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """In the order of the index; the ORM would take several times as long to ask, and to answer."""
    at_once = choose(**_STATEMENTS).at_once
    place = "(%s)" if "VALUES" in statement else "%s"
    for start in range(0, len(asked), at_once):
        some = asked[start : start + at_once]
        with connection.cursor() as cursor:
            if is_postgresql():
                cursor.execute(statement, [list(some)])
            else:
                cursor.execute(statement.format(", ".join([place] * len(some))), some)
            yield from ((bytes(name), bytes(held)) for name, held in cursor.fetchall() if held)
