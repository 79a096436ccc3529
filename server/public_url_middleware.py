"""Requests come in under many names. Where the operator has made one public, all are answered under that one."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]


def at_public_url(handler: Handler) -> Handler:
    """Django middleware: a request looks as if it had been sent to PUBLIC_URL, wherever it came in."""

    def handle(request: HttpRequest) -> HttpResponse:
        if settings.PUBLIC_URL:
            public = urlsplit(settings.PUBLIC_URL)
            for forwarded in ("HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO"):
                request.META.pop(forwarded, None)
            request.META |= {"HTTP_HOST": public.netloc, "wsgi.url_scheme": public.scheme}
        return handler(request)

    return handle
