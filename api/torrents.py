"""Downloads by any spelling of an infohash, and what there is to say when there is none. Never HTML, never 200."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from api.download import answer, infohash
from archive.errors import NotHeld, TakenDown, Unavailable
from archive.retrieve import elsewhere, retrieve

_RETRY_AFTER = 30  # seconds


@csrf_exempt  # it changes nothing; without this, Django's check answers other methods with a page of HTML
@require_safe
def download(request: HttpRequest) -> HttpResponse:
    wanted = infohash(request.path_info)
    if wanted is None:
        # Hash2Torrent answers 400 on its route, in these words; the caches never knew anything but 404.
        return _plain(400 if request.path_info.startswith("/torrents/") else 404, "Invalid info hash")
    try:
        if link := elsewhere(wanted):
            return HttpResponseRedirect(link)
        found = retrieve(wanted)
    except NotHeld as refusal:
        return _plain(404, str(refusal))
    except TakenDown as refusal:
        return _taken_down(request, refusal)
    except Unavailable as refusal:
        response = _plain(503, str(refusal))
        response["Retry-After"] = str(_RETRY_AFTER)
        return response
    status, headers, body = answer(
        found, request.headers.get("Accept-Encoding", ""), request.headers.get("If-None-Match", "")
    )
    return HttpResponse(body, status=status, headers=dict(headers))


def _taken_down(request: HttpRequest, refusal: TakenDown) -> HttpResponse:
    """RFC 7725: say that it is for legal reasons, and where the one who blocks explains."""
    response = _plain(451, str(refusal))
    response["Link"] = f'<{request.build_absolute_uri(reverse("takedowns"))}>; rel="blocked-by"'
    return response


def _plain(status: int, text: str) -> HttpResponse:
    response = HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response
