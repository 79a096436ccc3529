"""Download a torrent by any spelling of its infohash, at the URLs of the old caches.

These URLs never wait for the network. Where a torrent is not held, the answer is 404 and a wish for it is noted, so
that a later request may find it. Hash2Torrent's URLs, which do wait, are in `hash2torrent`.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.csrf import csrf_exempt

from api.http.plain_text import get_or_head_only, plain_response, refusal_response
from api.http.torrent_response import infohash_in_path, torrent_response
from archive.errors import StillWanted, TooManyWishes
from archive.torrents.resolve import resolve
from archive.torrents.retrieve import redirect_url
from metainfo.errors import Refusal
from metainfo.infohash import infohash_to_hex
from metainfo.magnet import parse_magnet
from server.wait import outcome_of


@csrf_exempt  # it changes nothing; without this, Django's check answers other methods with a page of HTML
@get_or_head_only
def download(request: HttpRequest) -> HttpResponse:
    infohash = infohash_in_path(request.path_info)
    if infohash is None:
        return plain_response(404, "Invalid info hash")
    try:
        if link := redirect_url(infohash):
            return HttpResponseRedirect(link)
        magnet = parse_magnet(infohash_to_hex(infohash))
        outcome = outcome_of(request.META)
        return torrent_response(request, resolve(magnet, request.META["REMOTE_ADDR"], 0, outcome))
    except StillWanted as wish:
        text = f"No torrent is stored under {infohash_to_hex(infohash)}. {wish}"
        return plain_response(404, text, wish.retry_after)
    except TooManyWishes:
        return plain_response(404, f"No torrent is stored under {infohash_to_hex(infohash)}.")
    except Refusal as refusal:
        return refusal_response(request, refusal)
