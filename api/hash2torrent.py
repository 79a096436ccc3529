"""Hash2Torrent's routes: a torrent by its infohash, fetched from the BitTorrent network where it is not held yet.

A torrent that is not found in time is 408, as Hash2Torrent answers. The query may have `timeout` (seconds), and a
magnet link's `tr` and `x.pe`, which help to find peers.
"""

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
from metainfo.link import clean_names
from metainfo.magnet import Magnet, build_magnet
from server.wait import outcome_of


@csrf_exempt  # it changes nothing that needs a right to be changed
@get_or_head_only
def fetch_torrent(request: HttpRequest) -> HttpResponse:
    infohash = infohash_in_path(request.path_info)
    if infohash is None:
        return plain_response(400, "Invalid info hash")
    try:
        if link := _redirect_url_if_held(infohash):
            return HttpResponseRedirect(link)
        timeout = parse_timeout(request.GET.get("timeout", ""))
        magnet, outcome = _magnet_of_request(request, infohash), outcome_of(request.META)
        return torrent_response(request, resolve(magnet, request.META["REMOTE_ADDR"], timeout, outcome))
    except TooManyFieldsSent:
        return plain_response(400, "Too many parameters")
    except Refusal as refusal:
        return refusal_response(request, refusal)


@csrf_exempt
@get_or_head_only
def health_check(request: HttpRequest) -> HttpResponse:
    return plain_response(200, "OK", end="")


def _redirect_url_if_held(infohash: bytes) -> str | None:
    try:
        return redirect_url(infohash)
    except NotHeld:
        return None


def _magnet_of_request(request: HttpRequest, infohash: bytes) -> Magnet:
    """The infohash with the trackers and peers of the query; other parameters of a magnet link help nothing."""
    pairs = [(name, value) for name, values in request.GET.lists() for value in values]
    v1, v2 = (infohash, None) if len(infohash) == 20 else (None, infohash)
    return build_magnet(v1, v2, clean_names(pairs), private=settings.BT_ALLOW_PRIVATE)
