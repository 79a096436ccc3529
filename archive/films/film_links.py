"""Which film or series a torrent is, by its IMDb number. A match has a source, and can be undone."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from archive.db.outages import outages
from archive.errors import NotAnImdbId, NotListed
from archive.films.imdb_titles import printable_title
from archive.models import Confidence, Film, Title, Torrent
from archive.torrents.catalogue import Entry, build_entry
from metainfo.infohash import truncate_infohash

_ID = re.compile(r"tt(\d{7,9})", re.ASCII)
MAX_TORRENTS = 1000


@dataclass(frozen=True, slots=True)
class FilmLink:
    """`told`: by a person, where it was not found by title and year; `sure`: and the year is not one off."""

    imdb: str
    title: str
    year: int | None
    told: bool
    sure: bool


def parse_imdb_id(imdb: str) -> int:
    """Of `tt` and seven to nine digits. Raises NotAnImdbId."""
    if not (match := _ID.fullmatch(imdb)) or int(match[1]) >= 2**31:
        raise NotAnImdbId("An IMDb id is tt and seven to nine digits.")
    return int(match[1])


def format_imdb_id(imdb: int) -> str:
    return f"tt{imdb:07d}"


def set_imdb_id(infohash: bytes, imdb: str, title: str, source: str, *, final: bool = False) -> int:
    """Note what somebody says of a torrent, which need not be held: the number of that note.

    It replaces what was found by title and year. Of several who say something the first is believed, unless the
    operator has undone just that; what is `final` replaces everything. Raises NotAnImdbId, Unavailable.
    """
    imdb_number = parse_imdb_id(imdb)
    with outages():
        known = Title.objects.filter(pk=imdb_number).first()
        told = {
            "imdb": imdb_number,
            "title": printable_title(title).strip() or (known.title if known else ""),
            "year": known.year if known else None,
            "source": source,
            "confidence": Confidence.TOLD,
            "undone": False,
        }
        row, new = Film.objects.get_or_create(short=truncate_infohash(_own_name(infohash)), defaults=told)
        if not new and (final or _yields(row, imdb_number)):
            Film.objects.filter(pk=row.pk).update(**told)
        return row.pk


def _own_name(infohash: bytes) -> bytes:
    """What it is stored under, or else will be looked for under."""
    row = Torrent.objects.find(infohash)
    return row.infohash if row else infohash


def _yields(row: Film, imdb: int) -> bool:
    """Whether what is noted gives way to what somebody says."""
    return row.imdb != imdb if row.undone else row.confidence != Confidence.TOLD


def undo_link(infohash: bytes) -> None:
    """It is not that film, and no later list of titles makes it so. Raises Unavailable."""
    with outages():
        Film.objects.filter(short__in=short_infohashes(infohash)).update(undone=True)


def short_infohashes(infohash: bytes) -> list[bytes]:
    """What may be noted under, of the torrent that this infohash means. Raises Unavailable."""
    with outages():
        row = Torrent.objects.find(infohash)
    return [truncate_infohash(name) for name in (row.infohashes if row else (infohash,))]


def find_film(infohashes: Iterable[bytes]) -> FilmLink | None:
    """Of a torrent by all its infohashes. Raises Unavailable."""
    with outages():
        rows = Film.objects.filter(short__in=map(truncate_infohash, infohashes), undone=False)
        return next(iter(sorted(map(_match, rows), key=lambda one: not one.told)), None)


def find_films(entries: Iterable[Entry]) -> dict[int, FilmLink]:
    """Of several torrents at once, by their numbers in the index. Raises Unavailable."""
    names = {
        truncate_infohash(bytes.fromhex(name)): one.number
        for one in entries
        for name in (one.v1, one.v2)
        if name
    }
    with outages():
        rows = Film.objects.filter(short__in=names, undone=False)
        found = [(names[bytes(row.short)], _match(row)) for row in rows]
    return dict(sorted(found, key=lambda one: one[1].told))


def _match(row: Film) -> FilmLink:
    told, sure = row.confidence == Confidence.TOLD, row.confidence != Confidence.LOW
    return FilmLink(format_imdb_id(row.imdb), row.title, row.year, told, sure)


def torrents_of_film(imdb: int) -> list[Torrent]:
    """What is held of a film, the newest first."""
    names = (
        Film.objects.filter(imdb=imdb, undone=False)
        .order_by("-pk")
        .values_list("short", flat=True)[:MAX_TORRENTS]
    )
    found = Torrent.objects.find_all(bytes(name) for name in names)
    return sorted({row.pk: row for row in found.values()}.values(), key=lambda row: -row.pk)


def list_torrents_of_film(imdb: str) -> tuple[str, list[Entry]]:
    """The film's title, "" where nobody knows it, and what is held of it, the newest first.

    Raises NotAnImdbId, NotListed, Unavailable.
    """
    if not settings.LISTING:
        raise NotListed("This archive does not list what it holds.")
    asked = parse_imdb_id(imdb)
    with outages():
        rows = torrents_of_film(asked)
        known = Title.objects.filter(pk=asked).values_list("title", flat=True).first()
        told = Film.objects.filter(imdb=asked, undone=False).exclude(title="").order_by("pk")
        title = known or told.values_list("title", flat=True).first() or ""
        return title, [build_entry(row) for row in rows]
