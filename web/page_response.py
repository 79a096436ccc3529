"""How every page leaves: under one strict policy, and with each of the archive's refusals as a page of its own."""

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import get_conditional_response

from archive.errors import (
    NoKey,
    NotHeld,
    NotListed,
    SuspendedKey,
    TakenDown,
    TooManyWishes,
    Unavailable,
    UnknownKey,
)
from metainfo.errors import NotAnInfohash, Refusal

ResponseT = TypeVar("ResponseT", bound=HttpResponseBase)
View = Callable[..., HttpResponseBase]

_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
_SOURCES = sorted(path for path in Path(__file__).parent.rglob("*") if path.suffix in (".html", ".py"))
TEMPLATES_VERSION = sha256(b"".join(path.read_bytes() for path in _SOURCES)).hexdigest()[:16]
_RETRY_AFTER = "30"  # seconds
_REFUSALS: dict[type[Refusal], tuple[int, str]] = {
    NotAnInfohash: (400, "That is no infohash"),
    # Not 401: a browser would ask for a name and a password.
    NoKey: (403, "Storing needs a key"),
    UnknownKey: (403, "This key is not known"),
    SuspendedKey: (403, "This key is suspended"),
    NotHeld: (404, "We do not have this torrent"),
    NotListed: (404, "There are no lists here"),
    TooManyWishes: (429, "One moment, please"),
    TakenDown: (451, "This torrent was taken down"),
    Unavailable: (503, "One moment, please"),
}


def render_page(template: str, context: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    """Needs no request and no database, so that it can say that something is wrong with them."""
    told = (context or {}) | {"here": template.removesuffix(".html"), "listing": settings.LISTING}
    return set_page_headers(HttpResponse(render_to_string(f"web/{template}", told), status=status))


def respond_unless_cached(
    request: HttpRequest, edition: str | None, make: Callable[[], ResponseT]
) -> ResponseT | HttpResponse:
    """304 where the browser has this edition of the page already: to make it may be work."""
    if edition is None:
        return make()
    etag = f'"{TEMPLATES_VERSION}-{edition}"'
    response = set_page_headers(get_conditional_response(request, etag=etag) or make())
    response["ETag"] = etag
    return response


def set_page_headers(response: ResponseT) -> ResponseT:
    response["Content-Security-Policy"] = _POLICY
    response.setdefault("Cache-Control", "no-cache")
    return response


def allow_data_images(response: ResponseT) -> ResponseT:
    """A guarded page whose style sheet has its icons in itself."""
    response["Content-Security-Policy"] = _POLICY.replace("img-src 'self'", "img-src 'self' data:")
    return response


def base_url(request: HttpRequest) -> str:
    """Where others reach us, without a slash at the end."""
    return request.build_absolute_uri("/").removesuffix("/")


def refusals_as_pages(view: View) -> View:
    """The view, with what the archive refuses told as a page."""

    @wraps(view)
    def answer(request: HttpRequest, **captured: str) -> HttpResponseBase:
        try:
            return view(request, **captured)
        except Refusal as refusal:
            return _refused(request, refusal)

    return answer


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    status, title = _REFUSALS.get(type(refusal), (500, "Something is wrong at our end"))
    told = {"title": title, "refusal": refusal, "status": status, "query": request.GET.get("q", "")}
    response = render_page("error.html", told, status)
    if status == 451:
        # RFC 7725: who blocks it, and where they explain.
        response["Link"] = f'<{base_url(request)}{reverse("takedowns")}>; rel="blocked-by"'
    if status in (429, 503):
        response["Retry-After"] = str(getattr(refusal, "retry_after", _RETRY_AFTER))
    return response
