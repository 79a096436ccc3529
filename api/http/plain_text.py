"""Answers in plain text, for the dialects that have no format of their own for errors. Never HTML, never status 200.

`refusal_response` is the one place that says which status a refusal has in these dialects.
"""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse

from api.http.takedown_link import takedown_link
from archive.errors import NotHeld, StillWanted, TakenDown, TooManyWishes, Unavailable
from metainfo.errors import Refusal

View = Callable[[HttpRequest], HttpResponse]


def plain_response(status: int, text: str, retry_after: int | None = None, end: str = "\n") -> HttpResponse:
    """The text as a response that is never cached. `retry_after`: seconds, for the header Retry-After."""
    response = HttpResponse(f"{text}{end}", status=status, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    response["Content-Length"] = str(len(response.content))
    response["X-Content-Type-Options"] = "nosniff"
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def refusal_response(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """408 as Hash2Torrent has it for what the network did not bring in time; 451 with the link of RFC 7725."""
    match refusal:
        case TakenDown():
            response = plain_response(451, str(refusal))
            response["Link"] = takedown_link(request)
            return response
        case StillWanted():
            return plain_response(408, str(refusal), refusal.retry_after)
        case TooManyWishes():
            return plain_response(429, str(refusal), refusal.retry_after)
        case NotHeld():
            return plain_response(404, str(refusal))
        case _:
            return plain_response(503, str(refusal), Unavailable.retry_after)


def get_or_head_only(view: View) -> View:
    """Do what Django's require_safe does, whose own refusal is empty and claims to be HTML."""

    @wraps(view)
    def checked_view(request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return view(request)
        response = plain_response(405, f"This address is for GET and HEAD, not for {request.method}.")
        response["Allow"] = "GET, HEAD"
        return response

    return checked_view
