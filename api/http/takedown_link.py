"""The Link header of an answer with status 451 (RFC 7725): the page on which the operator explains takedowns."""

from contextlib import suppress

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.urls import reverse


def takedown_link(request: HttpRequest) -> str:
    """The header's value. The URL is relative where the request's Host header is none that may be repeated."""
    page = reverse("takedowns")
    with suppress(DisallowedHost):
        page = request.build_absolute_uri(page)
    return f'<{page}>; rel="blocked-by"'
