"""RSS of the newest torrents, or of a search: BEP 36, with the elements that ezRSS made customary."""

import hashlib

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import condition, require_safe

from api.downloads import plain
from api.feeds.rss_document import add, channel, enclosure, item, text, urls, written
from archive.browse.search import SearchQuery, search_torrents
from archive.errors import NotListed
from archive.torrents.catalogue import Entry
from metainfo.errors import Refusal
from metainfo.magnet import magnet

_EZRSS = "http://xmlns.ezrss.it/0.1/"
_HITS = 50
_MINUTES = "15"  # ttl: how long a reader may wait before it looks again
_TITLE = 200  # characters
_YES = ("true", "on", "1")
_RETRY_AFTER = 30  # seconds


@csrf_exempt  # it changes nothing; Django's check would answer other methods with a page of HTML
@require_safe
def rss(request: HttpRequest) -> HttpResponse:
    asked = request.GET.get("q", "")
    try:
        hits = search_torrents(SearchQuery(asked, alive=request.GET.get("alive") in _YES), limit=_HITS).hits
    except NotListed as refusal:
        return plain(404, str(refusal))
    except Refusal as refusal:
        return plain(503, str(refusal), _RETRY_AFTER)
    body = _feed(request, asked, hits)
    newest = hits[0].stored_at if hits else None

    @condition(lambda _: f'"{hashlib.sha256(body).hexdigest()[:32]}"', lambda _: newest)
    def answer(request: HttpRequest) -> HttpResponse:
        response = HttpResponse(body, content_type="application/rss+xml; charset=utf-8")
        response["Cache-Control"] = "no-cache"
        return response

    return answer(request)


def _feed(request: HttpRequest, asked: str, hits: list[Entry]) -> bytes:
    about = text(asked[:_TITLE])
    document, told = channel(request, f"Hashkeep: {about}" if about else "Hashkeep", {"torrent": _EZRSS})
    add(told, "ttl", _MINUTES)
    for hit in hits:
        where = urls(request, hit)
        made = item(told, hit, where, link=where.view)
        enclosure(made, where.torrent, hit.length)  # BEP 36: the length of the torrent itself
        add(made, f"{{{_EZRSS}}}contentLength", str(hit.size))
        add(made, f"{{{_EZRSS}}}infoHash", hit.v1 or hit.infohash)
        add(made, f"{{{_EZRSS}}}magnetURI", magnet(hit.v1, hit.v2, text(hit.name), ()))
        if hit.liveness and hit.liveness.seeders is not None:  # unknown is not 0, which readers take for dead
            add(made, f"{{{_EZRSS}}}seeds", str(hit.liveness.seeders))
            add(made, f"{{{_EZRSS}}}peers", str(hit.liveness.leechers or 0))
    return written(document)
