"""Links torrents to the film or series that they are, by IMDb id, and reads these links both ways.

A link has a source and a confidence, of which the first here wins:

    undone            an operator said that it is not this film; `match_titles` does not find it again
    STATED            a person stated it: the first statement counts, unless an operator says otherwise
    HIGH, LOW         `match_titles` found it by title and year; LOW: the year is one off

Links are kept by truncated infohash (20 bytes), so that v1, v2 and truncated v2 find them, held or not.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from archive.db.outages import outages
from archive.errors import NotListed
from archive.films.imdb_id import format_imdb_id, parse_imdb_id
from archive.films.imdb_titles import printable_title
from archive.models import Confidence, Film, Title, Torrent
from archive.torrents.index_entries import TorrentEntry, build_entry
from metainfo.infohash import truncate_infohash

_MAX_TORRENTS = 1000  # of one film


@dataclass(frozen=True, slots=True)
class FilmLink:
    """A torrent's film. `title` is "" where it is unknown.

    `by_person`: a person said so; else it was found by title and year. `sure`: and the year is not one off.
    """

    imdb_id: str
    title: str
    year: int | None
    by_person: bool
    sure: bool


def set_imdb_id(infohash: bytes, imdb_id: str, title: str, source: str, *, final: bool = False) -> int:
    """Record that a person says which film a torrent is, held or not; returns the row id of the link.

    It replaces what was found by title and year. Of several people the first is believed, unless the operator has
    undone just that; what is `final` replaces everything. Where `title` is empty it is taken from IMDb's titles.
    Raises NotAnImdbId, Unavailable.
    """
    imdb = parse_imdb_id(imdb_id)
    with outages():
        known = Title.objects.filter(pk=imdb).first()
        said = {
            "imdb": imdb,
            "title": printable_title(title).strip() or (known.title if known else ""),
            "year": known.year if known else None,
            "source": source,
            "confidence": Confidence.STATED,
            "undone": False,
        }
        short = truncate_infohash(_stored_infohash(infohash))
        row, new = Film.objects.get_or_create(short=short, defaults=said)
        if not new and (final or _can_be_replaced(row, imdb)):
            Film.objects.filter(pk=row.pk).update(**said)
        return row.pk


def _stored_infohash(infohash: bytes) -> bytes:
    """The infohash that the torrent is stored under, or else this one, under which it is searched for."""
    row = Torrent.objects.find(infohash)
    return row.infohash if row else infohash


def _can_be_replaced(row: Film, imdb: int) -> bool:
    """Whether this link gives way to a person who says that it is this film."""
    return row.imdb != imdb if row.undone else row.confidence != Confidence.STATED


def undo_link(infohash: bytes) -> None:
    """Record that the torrent is not the film it is linked to, whatever titles are read later. Raises Unavailable."""
    with outages():
        Film.objects.filter(short__in=truncated_infohashes(infohash)).update(undone=True)


def truncated_infohashes(infohash: bytes) -> list[bytes]:
    """All truncated infohashes under which the torrent that this one means may have a link. Raises Unavailable."""
    with outages():
        row = Torrent.objects.find(infohash)
    return [truncate_infohash(each) for each in (row.infohashes if row else (infohash,))]


def find_film(infohashes: Iterable[bytes]) -> FilmLink | None:
    """The film of the torrent that has all these infohashes; None where none is known. Raises Unavailable."""
    with outages():
        rows = Film.objects.filter(short__in=map(truncate_infohash, infohashes), undone=False)
        links = sorted(map(_link_from_row, rows), key=lambda link: not link.by_person)
        return links[0] if links else None


def find_films(entries: Iterable[TorrentEntry]) -> dict[int, FilmLink]:
    """The films of several torrents in one query, by the numbers of their entries. Raises Unavailable."""
    numbers = {
        truncate_infohash(bytes.fromhex(infohash)): entry.number
        for entry in entries
        for infohash in (entry.v1, entry.v2)
        if infohash
    }
    with outages():
        rows = Film.objects.filter(short__in=numbers, undone=False)
        links = [(numbers[bytes(row.short)], _link_from_row(row)) for row in rows]
    return dict(sorted(links, key=lambda link: link[1].by_person))  # the last of a number stays


def _link_from_row(row: Film) -> FilmLink:
    by_person, sure = row.confidence == Confidence.STATED, row.confidence != Confidence.LOW
    return FilmLink(format_imdb_id(row.imdb), row.title, row.year, by_person, sure)


def find_torrents_of_film(imdb: int) -> list[Torrent]:
    """The rows of the torrents held of a film, by its number at IMDb, the newest first."""
    links = Film.objects.filter(imdb=imdb, undone=False).order_by("-pk")
    infohashes = links.values_list("short", flat=True)[:_MAX_TORRENTS]
    found = Torrent.objects.find_all(bytes(infohash) for infohash in infohashes)
    return sorted({row.pk: row for row in found.values()}.values(), key=lambda row: -row.pk)


def list_torrents_of_film(imdb_id: str) -> tuple[str, list[TorrentEntry]]:
    """The film's title, "" where it is unknown, and the torrents held of it, the newest first.

    Raises NotAnImdbId, NotListed, Unavailable.
    """
    if not settings.LISTING:
        raise NotListed("This archive does not list what it holds.")
    imdb = parse_imdb_id(imdb_id)
    with outages():
        rows = find_torrents_of_film(imdb)
        listed = Title.objects.filter(pk=imdb).values_list("title", flat=True).first()
        linked = Film.objects.filter(imdb=imdb, undone=False).exclude(title="").order_by("pk")
        title = listed or linked.values_list("title", flat=True).first() or ""
        return title, [build_entry(row) for row in rows]
