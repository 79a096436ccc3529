"""Downloads by any spelling of an infohash, and what there is to say when there is none. Never HTML, never 200."""

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


@csrf_exempt  # it changes nothing; without this, Django's check answers other methods with a page of HTML
@get_or_head_only
def download(request: HttpRequest) -> HttpResponse:
    """The caches' URLs never wait: what is not held is looked for after the answer, for whoever asks next."""
    wanted = infohash_in_path(request.path_info)
    if wanted is None:
        return plain_response(404, "Invalid info hash")
    try:
        if link := redirect_url(wanted):
            return HttpResponseRedirect(link)
        return torrent_response(
            request, resolve(parse_magnet(infohash_to_hex(wanted)), request.META["REMOTE_ADDR"], seconds=0)
        )
    except StillWanted as wish:
        return plain_response(
            404, f"No torrent is stored under {infohash_to_hex(wanted)}. {wish}", wish.retry_after
        )
    except TooManyWishes:
        return plain_response(404, f"No torrent is stored under {infohash_to_hex(wanted)}.")
    except Refusal as refusal:
        return refusal_response(request, refusal)
