"""Stores torrents by their names alone, and searches for them."""

from archive.browse.search import SearchPage, SearchQuery, search_torrents
from archive.torrents.deposit import deposit
from tests import make


def store_named(*names: str | bytes) -> list[bytes]:
    """Store torrents of these names in this order, so that the last is the newest."""
    torrents = [make.v1(name.encode() if isinstance(name, str) else name) for name in names]
    for torrent in torrents:
        deposit(torrent)
    return torrents


def search_names(text: str = "", **more: object) -> list[str]:
    return names(search_torrents(SearchQuery(text, **more)))  # type: ignore[arg-type]


def names(page: SearchPage) -> list[str]:
    return [hit.name for hit in page.hits]


def all_pages(query: SearchQuery, limit: int) -> list[SearchPage]:
    pages = [search_torrents(query, limit=limit)]
    while (before := pages[-1].next_before) is not None:
        pages.append(search_torrents(query, limit=limit, before=before))
    return pages
