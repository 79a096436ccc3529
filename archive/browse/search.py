"""Searches torrents by words of their names, kind, size, time and film, the newest first, in bounded time.

    full-text index ──► candidates: ids, newest first ──► filters on the rows ──► one page of hits

However common a word and however rare what the filters let through, one request looks at a bounded number of
candidates. What it found by then is the page, and the page says where the next request goes on. So a page may be
short, or even empty, and yet not be the last. Nothing is sorted that is not bounded first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings

from archive.browse.fulltext_query import IdBatch, matching_ids, newest_ids
from archive.browse.id_ranges_by_day import MAX_ID, last_possible_id
from archive.census.liveness import IS_ALIVE
from archive.db.outages import outages
from archive.db.sql import chunks
from archive.errors import NotListed
from archive.films.film_links import find_torrents_of_film
from archive.models import Torrent
from archive.naming.query_terms import MAX_QUERY_LENGTH, any_word, match_terms, parse_terms
from archive.naming.search_words import kind_from_index_words, kind_word
from archive.naming.torrent_kind import TorrentKind
from archive.torrents.index_entries import TorrentEntry, build_entries
from metainfo.errors import NotAnInfohash
from metainfo.infohash import find_infohash

MAX_PAGE_SIZE = 200  # hits
MORE_CANDIDATES = (5_000, 15_000)
"""Candidates that a request looks at in further batches, after a first one as large as the page."""
_MAX_OFFSET = 5_000  # hits; to go further, ask for what is older than the last page


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What to search for; each condition that is given must hold.

    `text`: all its words must occur, each in one of its spellings; an infohash or magnet link finds that torrent; ""
    finds everything. `kinds`: the torrent is of one of these. `since` and `until`: stored from one moment up to, not
    including, the other. `imdb_number`: of this film or series. `alive`: had peers when the census last counted.
    """

    text: str = ""
    kinds: tuple[TorrentKind, ...] = ()
    min_size: int | None = None
    max_size: int | None = None
    min_files: int | None = None
    max_files: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    imdb_number: int | None = None
    alive: bool = False


class SearchPage(NamedTuple):
    """`next_before`: the `before` of the next page, None at the end. A page before the end may be short or empty."""

    hits: list[TorrentEntry]
    next_before: int | None


def search_torrents(
    query: SearchQuery, *, limit: int = 50, before: int | None = None, offset: int = 0
) -> SearchPage:
    """A page of the torrents that match, the newest first.

    `before`: only torrents whose number is lower, as the page before said. `offset`: hits to pass over. No query is
    an error: what cannot be found finds nothing. Raises NotListed, Unavailable.
    """
    if not settings.LISTING:
        raise NotListed("This archive does not list what it holds.")
    limit, offset = min(max(limit, 1), MAX_PAGE_SIZE), max(offset, 0)
    if offset > _MAX_OFFSET:
        return SearchPage([], None)
    with outages():
        if query.imdb_number is not None:
            return _search_film(query.imdb_number, query, limit, before, offset)
        if named := _find_by_infohash(query.text):
            only = Torrent.objects.filter(pk=named.pk, **_row_filters(query))[offset:]
            return SearchPage(build_entries(only), None)
        return _search_index(query, limit, before, offset)


def _find_by_infohash(text: str) -> Torrent | None:
    try:
        return Torrent.objects.find(find_infohash(text[:MAX_QUERY_LENGTH]))
    except NotAnInfohash:
        return None


def _search_film(
    imdb_number: int, query: SearchQuery, limit: int, before: int | None, offset: int
) -> SearchPage:
    """Search among the torrents of one film, which are few enough to look at them all."""
    terms = parse_terms(query.text)
    ids = [row.pk for row in find_torrents_of_film(imdb_number)]
    rows = [
        row
        for row in _read_rows(ids, _row_filters(query))
        if match_terms(terms, set(row.words.split()))
        and (not query.kinds or kind_from_index_words(row.words) in query.kinds)
        and (before is None or row.pk < before)
    ]
    return _page_of(rows, limit, offset) or SearchPage(build_entries(rows[offset:]), None)


def _search_index(query: SearchQuery, limit: int, before: int | None, offset: int) -> SearchPage:
    """Read candidates until the page is full or enough have been looked at."""
    filters = _row_filters(query)
    rows: list[Torrent] = []
    next_before = None
    for batch in _read_candidates(query, before, offset + limit + 1):
        next_before = batch.next_before
        for ids in chunks(batch.ids):
            rows += _read_rows(ids, filters)
            if page := _page_of(rows, limit, offset):
                return page
    return SearchPage(build_entries(rows[offset:]), next_before)


def _page_of(rows: list[Torrent], limit: int, offset: int) -> SearchPage | None:
    """The page of these rows, if there are more of them than it takes: one more shows that it is not the last."""
    if len(rows) <= offset + limit:
        return None
    shown = rows[offset : offset + limit]
    return SearchPage(build_entries(shown), shown[-1].pk)


def _read_candidates(query: SearchQuery, before: int | None, first_limit: int) -> Iterator[IdBatch]:
    """Batches of ids of rows that have the words and kinds of a query; its other conditions are not yet compared."""
    terms = parse_terms(query.text)
    if query.text.strip() and not terms:
        return  # a text of punctuation alone finds nothing, rather than everything
    if query.kinds:
        terms.append(any_word(map(kind_word, query.kinds)))
    next_before = _skip_other_days(MAX_ID if before is None else min(max(before, 0), MAX_ID), query)
    for limit in (first_limit, *MORE_CANDIDATES):
        if next_before is None:
            return
        if terms:
            ids, next_before = matching_ids(terms, next_before, limit)
        else:
            ids, next_before = newest_ids(next_before, limit)
        next_before = _skip_other_days(next_before, query)
        yield IdBatch(ids, next_before)


def _skip_other_days(before: int | None, query: SearchQuery) -> int | None:
    """The id below which the next row of the query's time may lie; None if there is none."""
    last = last_possible_id(before - 1, query.since, query.until) if before else 0
    return last + 1 if last else None


def _read_rows(ids: Sequence[int], filters: dict[str, Any]) -> list[Torrent]:
    """Those of these rows that pass the filters, the newest first."""
    return sorted(Torrent.objects.filter(pk__in=ids, **filters), key=lambda row: -row.pk)


def _row_filters(query: SearchQuery) -> dict[str, Any]:
    conditions = {
        "size__gte": query.min_size,
        "size__lte": query.max_size,
        "files__gte": query.min_files,
        "files__lte": query.max_files,
        "stored_at__gte": query.since,
        "stored_at__lt": query.until,
    }
    given = {lookup: value for lookup, value in conditions.items() if value is not None}
    return given | IS_ALIVE if query.alive else given
