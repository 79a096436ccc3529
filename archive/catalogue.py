"""What the index tells of stored torrents, without a look at their bytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from archive.errors import NotHeld, TakenDown
from archive.infohash import spell
from archive.kind import Kind
from archive.liveness import Liveness, liveness
from archive.magnet import Magnet
from archive.models import Torrent
from archive.outage import outages
from archive.takedown import blocked
from archive.words import kind_of


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
    kind: Kind
    liveness: Liveness | None


def look(asked: Magnet) -> Entry:
    """The torrent that this names, by whichever of its infohashes. Raises NotHeld, TakenDown, Unavailable."""
    names = [name for name in (asked.v1, asked.v2) if name]
    with outages():
        for name in names:
            if row := Torrent.objects.find(name):
                return entries([row])[0]
        if reasons := blocked(names):
            raise TakenDown(next(iter(reasons.values())))
    raise NotHeld(f"No torrent is stored under {spell(asked.infohash)}.")


def entries(rows: Iterable[Torrent]) -> list[Entry]:
    """With their liveness. Raises Unavailable."""
    some = list(rows)
    seen = liveness(row.pk for row in some)
    return [entry(row, seen.get(row.pk)) for row in some]


def entry(row: Torrent, liveness: Liveness | None = None) -> Entry:
    return Entry(
        number=row.pk,
        infohash=spell(row.infohash),
        v1=spell(bytes(row.v1)) if row.v1 else None,
        v2=spell(bytes(row.v2)) if row.v2 else None,
        name=row.name,
        size=row.size,
        files=row.files,
        length=row.length,
        sha256=bytes(row.digest).hex(),
        complete=row.complete,
        stored_at=row.stored_at,
        kind=kind_of(row.words),
        liveness=liveness,
    )
