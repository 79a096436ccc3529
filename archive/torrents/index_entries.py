"""What the index says about stored torrents. Their bytes are not read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from archive.census.liveness import Liveness, find_liveness
from archive.db.outages import outages
from archive.errors import NotHeld
from archive.models import Torrent
from archive.models.infohash_sql import select_stored_under
from archive.naming.search_words import kind_from_index_words
from archive.naming.torrent_kind import TorrentKind
from archive.takedowns.find_blocked import refuse_blocked
from archive.torrents.held import find_held
from metainfo.infohash import infohash_to_hex
from metainfo.magnet import Magnet


@dataclass(frozen=True, slots=True)
class TorrentEntry:
    """A stored torrent, as the index describes it.

    `number`: of two torrents the one stored later has the higher number.
    `infohash`: the one that it is stored under, in hex like `v1` and `v2`.
    `name`: any text, as in the torrent; nothing is escaped.
    `size`: bytes of its content; `length` and `sha256`: of the torrent itself.
    `complete`: it has the piece layers that it needs (BEP 52).
    `liveness`: None if the census has not counted its peers yet, or if the caller did not ask for it.
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


class TorrentSummary(NamedTuple):
    """The little that is said of each torrent in a long list."""

    infohash: bytes  # the one that it is stored under
    name: str
    size: int
    files: int


def find_entry(magnet: Magnet) -> TorrentEntry:
    """The stored torrent that one of the magnet link's infohashes means. Raises NotHeld, TakenDown, Unavailable."""
    infohashes = [infohash for infohash in (magnet.v1, magnet.v2) if infohash]
    with outages():
        for infohash in infohashes:
            if row := Torrent.objects.find(infohash):
                return build_entries([row])[0]
        refuse_blocked(infohashes)
    raise NotHeld(f"No torrent is stored under {infohash_to_hex(magnet.infohash)}.")


def find_summaries(infohashes: Iterable[bytes]) -> dict[bytes, TorrentSummary]:
    """Those of the infohashes (v1, v2 or truncated v2, in any number) that are held. Raises Unavailable."""
    held = find_held(infohashes)
    with outages():
        rows = select_stored_under("coalesce(v1, v2), name, size, files", held.values())
        summaries = {bytes(stored): TorrentSummary(bytes(stored), *rest) for stored, *rest in rows}
    # A torrent may have been taken down between the two queries.
    return {asked: summaries[stored] for asked, stored in held.items() if stored in summaries}


def build_entries(rows: Iterable[Torrent]) -> list[TorrentEntry]:
    """The entries of these rows, with their liveness. Raises Unavailable."""
    torrents = list(rows)
    liveness = find_liveness(row.pk for row in torrents)
    return [build_entry(row, liveness.get(row.pk)) for row in torrents]


def build_entry(row: Torrent, liveness: Liveness | None = None) -> TorrentEntry:
    return TorrentEntry(
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
