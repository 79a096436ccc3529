"""The public list of takedowns: a page with the newest, and all of them as plain text for programs."""

from itertools import islice

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from archive.takedowns.public_notices import list_notices
from web.errors import refusals_as_pages
from web.page_response import render_page, set_page_headers
from web.untrusted_text import make_printable

_MAX_SHOWN = 100  # takedowns on the page
_MAX_REASON = 1000  # characters, in the text


@require_safe
@refusals_as_pages
def takedowns_page(request: HttpRequest) -> HttpResponse:
    newest = list(islice(list_notices(), _MAX_SHOWN + 1))
    return render_page("takedowns.html", {"notices": newest[:_MAX_SHOWN], "more": newest[_MAX_SHOWN:]})


@require_safe
@refusals_as_pages
def takedowns_text(request: HttpRequest) -> HttpResponseBase:
    """Every listed takedown: a line for each infohash, with date and reason, between tabs."""
    lines = (
        f"{infohash}\t{notice.taken_at:%Y-%m-%d}\t{make_printable(notice.reason, _MAX_REASON)}\n"
        for notice in list_notices()
        for infohash in notice.infohashes
    )
    return set_page_headers(HttpResponse("".join(lines), content_type="text/plain; charset=utf-8"))
