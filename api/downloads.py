"""Downloads by any spelling of an infohash, and what there is to say when there is none. Never HTML, never 200."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from api.http.torrent_response import answer, infohash
from archive.errors import NotHeld, StillWanted, TakenDown, TooManyWishes
from archive.torrents.resolve import resolve
from archive.torrents.retrieve import Retrieved, redirect_url
from metainfo.errors import Refusal
from metainfo.infohash import spell
from metainfo.magnet import read

_RETRY_AFTER = 30  # seconds

View = Callable[[HttpRequest], HttpResponse]


def safe(view: View) -> View:
    """As Django's require_safe, whose refusal is empty and claims to be HTML."""

    @wraps(view)
    def only_safe(request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return view(request)
        refusal = plain(405, f"This address is for GET and HEAD, not for {request.method}.")
        refusal["Allow"] = "GET, HEAD"
        return refusal

    return only_safe


@csrf_exempt  # it changes nothing; without this, Django's check answers other methods with a page of HTML
@safe
def download(request: HttpRequest) -> HttpResponse:
    """The caches' URLs never wait: what is not held is looked for after the answer, for whoever asks next."""
    wanted = infohash(request.path_info)
    if wanted is None:
        return plain(404, "Invalid info hash")
    try:
        if link := redirect_url(wanted):
            return HttpResponseRedirect(link)
        return handed_out(request, resolve(read(spell(wanted)), request.META["REMOTE_ADDR"], seconds=0))
    except StillWanted as wish:
        return plain(404, f"No torrent is stored under {spell(wanted)}. {wish}", wish.retry_after)
    except TooManyWishes:
        return plain(404, f"No torrent is stored under {spell(wanted)}.")
    except Refusal as refusal:
        return refused(request, refusal)


def handed_out(request: HttpRequest, found: Retrieved) -> HttpResponse:
    encoding, none_match = (request.headers.get(name, "") for name in ("Accept-Encoding", "If-None-Match"))
    status, headers, body = answer(found, encoding, none_match)
    return HttpResponse(body, status=status, headers=dict(headers))


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    match refusal:
        case TakenDown():
            return _taken_down(request, refusal)
        case StillWanted():
            return plain(408, str(refusal), refusal.retry_after)
        case TooManyWishes():
            return plain(429, str(refusal), refusal.retry_after)
        case NotHeld():
            return plain(404, str(refusal))
        case _:
            return plain(503, str(refusal), _RETRY_AFTER)


def plain(status: int, text: str, retry_after: int | None = None, end: str = "\n") -> HttpResponse:
    response = HttpResponse(f"{text}{end}", status=status, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    response["Content-Length"] = str(len(response.content))
    response["X-Content-Type-Options"] = "nosniff"
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def _taken_down(request: HttpRequest, refusal: TakenDown) -> HttpResponse:
    """RFC 7725: say that it is for legal reasons, and where the one who blocks explains."""
    response, page = plain(451, str(refusal)), reverse("takedowns")
    with suppress(DisallowedHost):  # then it stays a relative one
        page = request.build_absolute_uri(page)
    response["Link"] = f'<{page}>; rel="blocked-by"'
    return response
