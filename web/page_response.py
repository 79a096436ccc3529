"""Renders templates as pages: the response with its security headers, and 304 for a page the browser has."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response

ResponseT = TypeVar("ResponseT", bound=HttpResponseBase)

_CONTENT_SECURITY_POLICY = "; ".join(
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
_SOURCE_FILES = sorted(path for path in Path(__file__).parent.rglob("*") if path.suffix in (".html", ".py"))
# Part of every ETag: an upgrade that changes a template or a view makes cached pages stale.
_SOURCES_DIGEST = sha256(b"".join(path.read_bytes() for path in _SOURCE_FILES)).hexdigest()[:16]


def render_page(template: str, context: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    """The template below `web/templates/web/` as a response with the headers of a page.

    Needs neither a request nor the database, so that it can also report that one of them is broken.
    """
    shared = {"here": template.removesuffix(".html"), "listing": settings.LISTING}
    html = render_to_string(f"web/{template}", {**(context or {}), **shared})
    return set_page_headers(HttpResponse(html, status=status))


def respond_unless_cached(
    request: HttpRequest, edition: str | None, make_response: Callable[[], ResponseT]
) -> ResponseT | HttpResponse:
    """304 if the browser's If-None-Match names this edition of the page, else what `make_response` returns.

    `edition` changes whenever the content of the page does; None means that the page has no ETag.
    `make_response`, which may be expensive, is not called for a 304.
    """
    if edition is None:
        return make_response()
    etag = f'"{_SOURCES_DIGEST}-{edition}"'
    response = set_page_headers(get_conditional_response(request, etag=etag) or make_response())
    response["ETag"] = etag
    return response


def set_page_headers(response: ResponseT) -> ResponseT:
    """Put the Content-Security-Policy of all pages, and a default Cache-Control, on the response; returns it."""
    response["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY
    response.setdefault("Cache-Control", "no-cache")
    return response


def allow_data_images(response: ResponseT) -> ResponseT:
    """Set the policy of a page whose style sheet has its icons as data: URLs; returns the response."""
    policy = _CONTENT_SECURITY_POLICY.replace("img-src 'self'", "img-src 'self' data:")
    response["Content-Security-Policy"] = policy
    return response


def base_url(request: HttpRequest) -> str:
    """The archive's public address, without a slash at the end: `https://torrents.example`."""
    return request.build_absolute_uri("/").removesuffix("/")
