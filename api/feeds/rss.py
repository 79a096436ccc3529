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
from archive.torrents.catalogue import Entry
from metainfo.errors import Refusal
from metainfo.magnet import format_magnet

_EZRSS = "http://xmlns.ezrss.it/0.1/"
_HITS = 50
_MINUTES = "15"  # ttl: how long a reader may wait before it looks again
_TITLE = 200  # characters
_YES = ("true", "on", "1")


@csrf_exempt  # it changes nothing; Django's check would answer other methods with a page of HTML
@require_safe
def rss_feed(request: HttpRequest) -> HttpResponse:
    asked = request.GET.get("q", "")
    try:
        hits = search_torrents(SearchQuery(asked, alive=request.GET.get("alive") in _YES), limit=_HITS).hits
    except NotListed as refusal:
        return plain_response(404, str(refusal))
    except Refusal as refusal:
        return plain_response(503, str(refusal), Unavailable.retry_after)
    body = _feed(request, asked, hits)
    newest = hits[0].stored_at if hits else None

    @condition(lambda _: f'"{hashlib.sha256(body).hexdigest()[:32]}"', lambda _: newest)
    def answer(request: HttpRequest) -> HttpResponse:
        response = HttpResponse(body, content_type="application/rss+xml; charset=utf-8")
        response["Cache-Control"] = "no-cache"
        return response

    return answer(request)


def _feed(request: HttpRequest, asked: str, hits: list[Entry]) -> bytes:
    about = clean_text(asked[:_TITLE])
    document, told = start_channel(
        request, f"Hashkeep: {about}" if about else "Hashkeep", {"torrent": _EZRSS}
    )
    add_text_element(told, "ttl", _MINUTES)
    for hit in hits:
        where = torrent_urls(request, hit)
        made = add_item(told, hit, where, link=where.view)
        add_enclosure(made, where.torrent, hit.length)  # BEP 36: the length of the torrent itself
        add_text_element(made, f"{{{_EZRSS}}}contentLength", str(hit.size))
        add_text_element(made, f"{{{_EZRSS}}}infoHash", hit.v1 or hit.infohash)
        add_text_element(
            made, f"{{{_EZRSS}}}magnetURI", format_magnet(hit.v1, hit.v2, clean_text(hit.name), ())
        )
        if hit.liveness and hit.liveness.seeders is not None:  # unknown is not 0, which readers take for dead
            add_text_element(made, f"{{{_EZRSS}}}seeds", str(hit.liveness.seeders))
            add_text_element(made, f"{{{_EZRSS}}}peers", str(hit.liveness.leechers or 0))
    return serialize(document)
