"""Search: torrents by words of their names, newest first.

However common a word, a request looks at a bounded number of candidates; what it found by then is the page, and the
page says where to go on. Nothing is sorted that is not bounded first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from django.conf import settings

from archive.browse.fulltext_index import IdBatch, matching_ids, newest_ids
from archive.browse.id_ranges_by_day import MAX_ID, last_possible_id
from archive.census.liveness import IS_ALIVE
from archive.db.outages import outages
from archive.errors import NotListed
from archive.films.film_links import find_torrents_of_film
from archive.models import Torrent
from archive.naming.search_words import kind_from_index_words, kind_word, split_words
from archive.naming.torrent_kind import TorrentKind
from archive.torrents.catalogue import TorrentEntry, build_entries
from metainfo.errors import NotAnInfohash
from metainfo.infohash import find_infohash

MAX_PAGE_SIZE = 200  # hits of a page
_DEEPEST = 5_000  # hits that an offset may pass over; whoever wants more goes on from where a page ended
_WORDS = 20  # of a query
_QUERY = 2_000  # characters of a query
# Candidates besides those for a page, in as many steps: filters may pass over nearly all of them.
_LOOKS = (5_000, 15_000)
_ROWS = 500  # at once


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """All words must occur. An infohash or magnet link in their place finds that torrent. No text: everything."""

    text: str = ""
    kinds: tuple[TorrentKind, ...] = ()  # one of these
    min_size: int | None = None
    max_size: int | None = None
    min_files: int | None = None
    max_files: int | None = None
    since: datetime | None = None
    until: datetime | None = None  # and not at this moment itself
    imdb: int | None = None  # of this film or series alone
    alive: bool = False  # only those


class SearchPage(NamedTuple):
    """`older`: where to go on, or None at the end. A page may be short, or empty, and yet not be the last."""

    hits: list[TorrentEntry]
    older: int | None


def search_torrents(
    query: SearchQuery, *, limit: int = 50, before: int | None = None, offset: int = 0
) -> SearchPage:
    """The newest that match, from `before` on. Nothing in a query is an error. Raises NotListed, Unavailable."""
    if not settings.LISTING:
        raise NotListed("This archive does not list what it holds.")
    limit, offset = min(max(limit, 1), MAX_PAGE_SIZE), max(offset, 0)
    if offset > _DEEPEST:
        return SearchPage([], None)
    with outages():
        if query.imdb is not None:
            return _of_film(query.imdb, query, limit, before, offset)
        if named := _named(query.text):
            only = Torrent.objects.filter(pk=named.pk, **_filters(query))[offset:]
            return SearchPage(build_entries(only), None)
        looks = _Looks(query, before, offset + limit + 1)
        rows = list(islice(looks, offset + limit + 1))
    more = len(rows) > offset + limit
    return SearchPage(build_entries(rows[offset : offset + limit]), rows[-2].pk if more else looks.rest)


def _named(text: str) -> Torrent | None:
    try:
        return Torrent.objects.find(find_infohash(text[:_QUERY]))
    except NotAnInfohash:
        return None


def _of_film(imdb: int, query: SearchQuery, limit: int, before: int | None, offset: int) -> SearchPage:
    """Of one film there are few enough to look at them all."""
    every = set(split_words(query.text[:_QUERY]))
    rows = [
        row
        for row in Torrent.objects.filter(
            pk__in=[row.pk for row in find_torrents_of_film(imdb)], **_filters(query)
        )
        if every <= set(row.words.split())
        and (not query.kinds or kind_from_index_words(row.words) in query.kinds)
        and (before is None or row.pk < before)
    ]
    found = sorted(rows, key=lambda row: -row.pk)[offset : offset + limit + 1]
    return SearchPage(build_entries(found[:limit]), found[limit - 1].pk if len(found) > limit else None)


class _Looks:
    """The rows that match, the newest first, until enough has been looked at."""

    def __init__(self, query: SearchQuery, before: int | None, wished: int) -> None:
        text = query.text[:_QUERY]
        self._every = list(dict.fromkeys(split_words(text)))[:_WORDS]
        self._one_of = [kind_word(kind) for kind in query.kinds]
        self._filters = _filters(query)
        self._wished = wished
        self._time = query.since, query.until
        self.rest = self._worth(MAX_ID if before is None else min(max(before, 0), MAX_ID))
        if text.strip() and not self._every:  # signs alone, which nothing is found by
            self.rest = None

    def __iter__(self) -> Iterator[Torrent]:
        for most in (self._wished, *_LOOKS):
            if self.rest is None:
                return
            found, rest = self._candidates(self.rest, most)
            self.rest = self._worth(rest)
            for start in range(0, len(found), _ROWS):
                rows = Torrent.objects.filter(pk__in=found[start : start + _ROWS], **self._filters)
                yield from sorted(rows, key=lambda row: -row.pk)

    def _worth(self, before: int | None) -> int | None:
        """Below this number it is worth while to look; None where it is not."""
        last = last_possible_id(before - 1, *self._time) if before else 0
        return last + 1 if last else None

    def _candidates(self, before: int, most: int) -> IdBatch:
        if self._every or self._one_of:
            return matching_ids(self._every, self._one_of, before, most)
        return newest_ids(before, most)


def _filters(query: SearchQuery) -> dict[str, Any]:
    asked = {
        "size__gte": query.min_size,
        "size__lte": query.max_size,
        "files__gte": query.min_files,
        "files__lte": query.max_files,
        "stored_at__gte": query.since,
        "stored_at__lt": query.until,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    return given | IS_ALIVE if query.alive else given
