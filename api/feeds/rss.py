"""RSS of the newest torrents, or of a search: BEP 36, with the elements that ezRSS made customary."""

import hashlib

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import condition, require_safe

from api.feeds.rss_document import (
    add_enclosure,
    add_item,
    add_text_element,
    clean_text,
    serialize,
    start_channel,
    torrent_urls,
)
from api.http.plain_text import plain_response
from archive.browse.search import SearchQuery, search_torrents
from archive.errors import NotListed, Unavailable
from archive.torrents.index_entries import TorrentEntry
from metainfo.errors import Refusal
from metainfo.magnet import format_magnet

_EZRSS = "http://xmlns.ezrss.it/0.1/"
_MAX_ITEMS = 50
_MINUTES_TO_LIVE = "15"  # the element `ttl`: how long a feed reader may wait before it asks again
_MAX_TITLE = 200  # characters
_TRUE = ("true", "on", "1")


@csrf_exempt  # it changes nothing; Django's check would answer other methods with a page of HTML
@require_safe
def rss_feed(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "")
    query = SearchQuery(words, alive=request.GET.get("alive") in _TRUE)
    try:
        entries = search_torrents(query, limit=_MAX_ITEMS).hits
    except NotListed as refusal:
        return plain_response(404, str(refusal))
    except Refusal as refusal:
        return plain_response(503, str(refusal), Unavailable.retry_after)
    body = _build_feed(request, words, entries)
    newest = entries[0].stored_at if entries else None

    @condition(lambda _: f'"{hashlib.sha256(body).hexdigest()[:32]}"', lambda _: newest)
    def feed_response(request: HttpRequest) -> HttpResponse:
        response = HttpResponse(body, content_type="application/rss+xml; charset=utf-8")
        response["Cache-Control"] = "no-cache"
        return response

    return feed_response(request)


def _build_feed(request: HttpRequest, words: str, entries: list[TorrentEntry]) -> bytes:
    title = clean_text(words[:_MAX_TITLE])
    document, channel = start_channel(
        request, f"Hashkeep: {title}" if title else "Hashkeep", {"torrent": _EZRSS}
    )
    add_text_element(channel, "ttl", _MINUTES_TO_LIVE)
    for entry in entries:
        urls = torrent_urls(request, entry)
        item = add_item(channel, entry, urls, link=urls.view)
        add_enclosure(item, urls.torrent, entry.length)  # BEP 36: the length of the torrent itself
        magnet = format_magnet(entry.v1, entry.v2, clean_text(entry.name), ())
        add_text_element(item, f"{{{_EZRSS}}}contentLength", str(entry.size))
        add_text_element(item, f"{{{_EZRSS}}}infoHash", entry.v1 or entry.infohash)
        add_text_element(item, f"{{{_EZRSS}}}magnetURI", magnet)
        # An unknown number is left out: readers take 0 for a dead torrent.
        if entry.liveness and entry.liveness.seeders is not None:
            add_text_element(item, f"{{{_EZRSS}}}seeds", str(entry.liveness.seeders))
            add_text_element(item, f"{{{_EZRSS}}}peers", str(entry.liveness.leechers or 0))
    return serialize(document)
