"""Which film a torrent is, by its IMDb number. Nothing is guessed: a match has a source, and can be undone."""

import re
from dataclasses import dataclass

from django.conf import settings

from archive.catalogue import Entry, entry
from archive.errors import NotAnImdbId, NotListed
from archive.infohash import short
from archive.models import Film, Torrent
from archive.outage import outages

_ID = re.compile(r"tt(\d{7,9})", re.ASCII)
MOST = 1000


@dataclass(frozen=True, slots=True)
class Match:
    """`source`: who says so."""

    imdb: str
    title: str
    source: str


def _clean(title: str) -> str:
    """Without what a database cannot hold."""
    return title[:500].encode("utf-8", "replace").decode().replace("\0", "")


def number(imdb: str) -> int:
    """Of `tt` and seven to nine digits. Raises NotAnImdbId."""
    if not (match := _ID.fullmatch(imdb)):
        raise NotAnImdbId("An IMDb id is tt and seven digits or more.")
    return int(match[1])


def spell(imdb: int) -> str:
    return f"tt{imdb:07d}"


def tell(infohash: bytes, imdb: str, title: str, source: str) -> None:
    """Note a match, unless there is one: the first stays until it is undone. The torrent need not be held.

    Raises NotAnImdbId, Unavailable.
    """
    told = {"imdb": number(imdb), "title": _clean(title), "source": source}
    with outages():
        Film.objects.get_or_create(short=short(infohash), defaults=told)


def film(infohashes: tuple[bytes, ...]) -> Match | None:
    """Of a torrent by all its infohashes. Raises Unavailable."""
    with outages():
        row = Film.objects.filter(short__in=map(short, infohashes)).first()
    return Match(spell(row.imdb), row.title, row.source) if row else None


def torrents(imdb: str) -> tuple[str, list[Entry]]:
    """The film's title, "" where nobody told it, and what is held of it, the newest first.

    Raises NotAnImdbId, NotListed, Unavailable.
    """
    if not settings.LISTING:
        raise NotListed("This archive does not list what it holds.")
    with outages():
        rows = list(Film.objects.filter(imdb=number(imdb)).order_by("-pk")[:MOST])
        held = Torrent.objects.find_all(bytes(row.short) for row in rows)
    title = next((row.title for row in rows if row.title), "")
    return title, sorted({entry(row) for row in held.values()}, key=lambda one: -one.number)
