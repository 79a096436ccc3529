"""What the index tells of stored torrents, without a look at their bytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from archive.census.liveness import Liveness, find_liveness
from archive.db.outages import outages
from archive.errors import NotHeld, TakenDown
from archive.models import Torrent
from archive.naming.search_words import kind_from_index_words
from archive.naming.torrent_kind import TorrentKind
from archive.takedowns.takedown import find_blocked
from archive.torrents.held import find_held
from metainfo.infohash import infohash_to_hex
from metainfo.magnet import Magnet

_PER_QUERY = 500  # a short query plans faster, and SQLite has a limit on variables
_BRIEFS = """
    SELECT coalesce(v1, v2), name, size, files FROM archive_torrent WHERE v1 IN ({0}) OR v1 IS NULL AND v2 IN ({0})
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """`number`: of two torrents the later stored has the higher. `name` may hold anything.

    `liveness`: None where the census never looked, or nobody asked for it.
    """

    number: int
    infohash: str
    v1: str | None
    v2: str | None
    name: str
    size: int
    files: int
    length: int
    sha256: str
    complete: bool
    stored_at: datetime
    kind: TorrentKind
    liveness: Liveness | None


class Summary(NamedTuple):
    """`infohash`: the one that it is stored under."""

    infohash: bytes
    name: str
    size: int
    files: int


def find_entry(asked: Magnet) -> Entry:
    """The torrent that this names, by whichever of its infohashes. Raises NotHeld, TakenDown, Unavailable."""
    names = [name for name in (asked.v1, asked.v2) if name]
    with outages():
        for name in names:
            if row := Torrent.objects.find(name):
                return build_entries([row])[0]
        if reasons := find_blocked(names):
            raise TakenDown(next(iter(reasons.values())))
    raise NotHeld(f"No torrent is stored under {infohash_to_hex(asked.infohash)}.")


def find_summaries(infohashes: Iterable[bytes]) -> dict[bytes, Summary]:
    """Of these, in any number and v1, v2 or truncated v2, those that are held. Raises Unavailable."""
    held = find_held(infohashes)
    stored = sorted(set(held.values()))
    found: dict[bytes, Summary] = {}
    with outages(), connection.cursor() as cursor:  # the ORM would take several times as long
        for start in range(0, len(stored), _PER_QUERY):
            some = stored[start : start + _PER_QUERY]
            cursor.execute(_BRIEFS.format(", ".join(["%s"] * len(some))), some + some)
            found |= {bytes(row[0]): Summary(bytes(row[0]), *row[1:]) for row in cursor.fetchall()}
    return {asked: found[name] for asked, name in held.items() if name in found}


def build_entries(rows: Iterable[Torrent]) -> list[Entry]:
    """With their liveness. Raises Unavailable."""
    some = list(rows)
    seen = find_liveness(row.pk for row in some)
    return [build_entry(row, seen.get(row.pk)) for row in some]


def build_entry(row: Torrent, liveness: Liveness | None = None) -> Entry:
    return Entry(
        number=row.pk,
        infohash=infohash_to_hex(row.infohash),
        v1=infohash_to_hex(bytes(row.v1)) if row.v1 else None,
        v2=infohash_to_hex(bytes(row.v2)) if row.v2 else None,
        name=row.name,
        size=row.size,
        files=row.files,
        length=row.length,
        sha256=bytes(row.digest).hex(),
        complete=row.complete,
        stored_at=row.stored_at,
        kind=kind_from_index_words(row.words),
        liveness=liveness,
    )
