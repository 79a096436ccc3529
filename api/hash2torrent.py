"""Hash2Torrent's routes: a torrent by its infohash, from the BitTorrent network where it is not held yet.

What was not found in time is 408, as Hash2Torrent says it. A magnet link's `tr` and `x.pe` may be in the query.
"""

from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.csrf import csrf_exempt

from api.http.plain_text import get_or_head_only, plain_response, refusal_response
from api.http.torrent_response import infohash_in_path, torrent_response
from archive.errors import NotHeld
from archive.torrents.resolve import parse_timeout, resolve
from archive.torrents.retrieve import redirect_url
from metainfo.errors import Refusal
from metainfo.infohash import infohash_to_hex
from metainfo.magnet import Magnet, parse_magnet


@csrf_exempt  # it changes nothing that anybody has a right to
@get_or_head_only
def fetch_torrent(request: HttpRequest) -> HttpResponse:
    wanted = infohash_in_path(request.path_info)
    if wanted is None:
        return plain_response(400, "Invalid info hash")
    try:
        if link := _elsewhere(wanted):
            return HttpResponseRedirect(link)
        found = resolve(
            _magnet(request, wanted),
            request.META["REMOTE_ADDR"],
            parse_timeout(request.GET.get("timeout", "")),
        )
        return torrent_response(request, found)
    except TooManyFieldsSent:
        return plain_response(400, "Too many parameters")
    except Refusal as refusal:
        return refusal_response(request, refusal)


@csrf_exempt
@get_or_head_only
def health_check(request: HttpRequest) -> HttpResponse:
    return plain_response(200, "OK", end="")


def _elsewhere(wanted: bytes) -> str | None:
    try:
        return redirect_url(wanted)
    except NotHeld:
        return None


def _magnet(request: HttpRequest, wanted: bytes) -> Magnet:
    """The whole link, since what was not said here could not help to find it."""
    hints = [(name, value) for name in ("tr", "x.pe") for value in request.GET.getlist(name)]
    if not hints:
        return parse_magnet(infohash_to_hex(wanted))
    urn = (
        f"urn:btih:{infohash_to_hex(wanted)}"
        if len(wanted) == 20
        else f"urn:btmh:1220{infohash_to_hex(wanted)}"
    )
    return parse_magnet("magnet:?" + urlencode([("xt", urn), *hints]), private=settings.BT_ALLOW_PRIVATE)
