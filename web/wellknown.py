"""What programs look for at fixed addresses: robots.txt, security.txt (RFC 9116)."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from web.page_response import base_url

# The archive keeps torrents for whoever has their infohash; it is no catalogue for search engines.
_NOT_FOR_ROBOTS = (
    "/find",
    "/search",
    "/view/",
    "/torrent",
    "/rss",
    "/torznab/",
    "/sync/",
    "/api/v1/",
    "/admin/",
)
_GOOD_FOR = timedelta(days=180)  # RFC 9116 recommends less than a year


@csrf_exempt  # Django's check would answer other methods with a page of HTML
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _NOT_FOR_ROBOTS)]
    return _plain(lines)


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Nothing at all without a contact: that is the one thing it is for."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    expires = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + _GOOD_FOR
    return _plain(
        [
            f"Contact: {settings.SECURITY_CONTACT}",
            f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
            "Preferred-Languages: en",
            f"Canonical: {base_url(request)}/.well-known/security.txt",
        ]
    )


def _plain(lines: list[str]) -> HttpResponse:
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
