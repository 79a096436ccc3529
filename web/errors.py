"""Error pages: what the archive refuses, and Django's handlers of 400, 403, 404 and 500."""

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponsePermanentRedirect
from django.urls import is_valid_path, reverse

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
from web.page_response import base_url, render_page, set_page_headers

View = Callable[..., HttpResponseBase]

_UNKNOWN_HOST = "This archive does not answer to that name. Its operator can add it to ALLOWED_HOSTS.\n"
_STATUS_AND_TITLE: dict[type[Refusal], tuple[int, str]] = {
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


def refusals_as_pages(view: View) -> View:
    """Decorates a view: a Refusal that it raises becomes an error page with the status of that refusal."""

    @wraps(view)
    def wrapped_view(request: HttpRequest, **captured: str) -> HttpResponseBase:
        try:
            return view(request, **captured)
        except Refusal as refusal:
            return _render_refusal(request, refusal)

    return wrapped_view


def _render_refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    status, title = _STATUS_AND_TITLE.get(type(refusal), (500, "Something is wrong at our end"))
    context = {"title": title, "refusal": refusal, "status": status, "query": request.GET.get("q", "")}
    response = render_page("error.html", context, status)
    if status == 451:
        # RFC 7725: who blocks it, and where they explain.
        response["Link"] = f'<{base_url(request)}{reverse("takedowns")}>; rel="blocked-by"'
    if status in (429, 503):
        response["Retry-After"] = str(getattr(refusal, "retry_after", Unavailable.retry_after))
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400. A wrong Host header is answered in plain text: it arrives at any address, and the
    dialect of some of them knows no HTML."""
    if isinstance(exception, DisallowedHost):
        return set_page_headers(
            HttpResponse(_UNKNOWN_HOST, status=400, content_type="text/plain; charset=utf-8")
        )
    return render_page("error.html", {"status": 400, "title": "We could not read that request"}, 400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    title = "This form has expired, or came from elsewhere"
    return render_page("error.html", {"status": 403, "title": title}, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404. No address of ours ends in a slash: a request whose path is right but for slashes at its
    end is redirected to the path without them."""
    without_slash = request.path_info.rstrip("/")
    may_redirect = (
        request.method in ("GET", "HEAD")
        and without_slash != request.path_info
        and not request.path_info.startswith(("/admin/", "//"))
    )
    if may_redirect and is_valid_path(without_slash):
        query = request.META.get("QUERY_STRING")
        return HttpResponsePermanentRedirect(f"{without_slash}?{query}" if query else without_slash)
    return render_page("error.html", {"status": 404, "title": "There is nothing at this address"}, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    return render_page("error.html", {"status": 500, "title": "Something is wrong at our end"}, 500)
