"""Files that programs look for at fixed addresses: robots.txt, and security.txt (RFC 9116)."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from web.page_response import base_url

# The archive keeps torrents for people who have their infohash; it is no catalogue for search engines.
_DISALLOWED_PATHS = (
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
_VALIDITY = timedelta(days=180)  # RFC 9116 recommends less than a year


@csrf_exempt  # Django's check would answer other methods with a page of HTML
@require_safe
def robots_txt(request: HttpRequest) -> HttpResponse:
    return _text_response(["User-agent: *", *(f"Disallow: {path}" for path in _DISALLOWED_PATHS)])


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """404 without SECURITY_CONTACT: RFC 9116 demands a contact."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    expires = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + _VALIDITY
    return _text_response(
        [
            f"Contact: {settings.SECURITY_CONTACT}",
            f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
            "Preferred-Languages: en",
            f"Canonical: {base_url(request)}/.well-known/security.txt",
        ]
    )


def _text_response(lines: list[str]) -> HttpResponse:
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
