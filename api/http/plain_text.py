"""x"""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from archive.errors import NotHeld, StillWanted, TakenDown, TooManyWishes
from metainfo.errors import Refusal

_RETRY_AFTER = 30

View = Callable[[HttpRequest], HttpResponse]


def get_or_head_only(view: View) -> View:
    """As Django's require_safe, whose refusal is empty and claims to be HTML."""

    @wraps(view)
    def only_safe(request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return view(request)
        refusal = plain_response(405, f"This address is for GET and HEAD, not for {request.method}.")
        refusal["Allow"] = "GET, HEAD"
        return refusal

    return only_safe


def refusal_response(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    match refusal:
        case TakenDown():
            return _taken_down(request, refusal)
        case StillWanted():
            return plain_response(408, str(refusal), refusal.retry_after)
        case TooManyWishes():
            return plain_response(429, str(refusal), refusal.retry_after)
        case NotHeld():
            return plain_response(404, str(refusal))
        case _:
            return plain_response(503, str(refusal), _RETRY_AFTER)


def plain_response(status: int, text: str, retry_after: int | None = None, end: str = "\n") -> HttpResponse:
    response = HttpResponse(f"{text}{end}", status=status, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    response["Content-Length"] = str(len(response.content))
    response["X-Content-Type-Options"] = "nosniff"
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def _taken_down(request: HttpRequest, refusal: TakenDown) -> HttpResponse:
    """RFC 7725: say that it is for legal reasons, and where the one who blocks explains."""
    response, page = plain_response(451, str(refusal)), reverse("takedowns")
    with suppress(DisallowedHost):  # then it stays a relative one
        page = request.build_absolute_uri(page)
    response["Link"] = f'<{page}>; rel="blocked-by"'
    return response
