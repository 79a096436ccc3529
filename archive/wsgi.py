"""Where the web server comes in. Downloads of what lies on this disk are answered before Django is asked."""

import io
import os
from collections.abc import Iterable
from contextlib import suppress
from wsgiref.types import StartResponse, WSGIEnvironment

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, HttpResponseBase

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "archive.settings")
_django = get_wsgi_application()

from api.fastlane import receive, serve  # noqa: E402  they need Django to be set up
from archive.turns import turn  # noqa: E402

_CHUNK = 65_536
_PATIENCE = 256_000_000  # bytes heard out and dropped: who is cut off while sending never reads why


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    served = serve(environ, start_response)
    if served is not None:
        return served
    if settings.BEHIND_PROXY:
        # The last one is what our own proxy saw; the others are hearsay.
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        environ["REMOTE_ADDR"] = forwarded or environ.get("REMOTE_ADDR", "")
    if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
        _measure(environ)
    with turn():
        answer = receive(environ, start_response) or _django(environ, start_response)
        if environ.get("CONTENT_LENGTH"):
            _hear_out(environ)
    return _whole(answer)


def _measure(environ: WSGIEnvironment) -> None:
    """Django takes a body without Content-Length for empty: read it, up to what a door may take, and count."""
    longest = 2 * settings.MAX_TORRENT_BYTES  # SOAP's base64 with line ends is 1.4 times the torrent
    body, length = io.BytesIO(), 0
    while length < _PATIENCE and (chunk := environ["wsgi.input"].read(_CHUNK)):
        length += len(chunk)
        if length <= longest:
            body.write(chunk)
    environ["CONTENT_LENGTH"] = str(length)
    body.seek(0)
    environ["wsgi.input"] = body


def _hear_out(environ: WSGIEnvironment) -> None:
    """Read what an early answer left unread: PHP, for one, sends all it has before it looks for an answer."""
    with suppress(OSError):  # the caller has gone
        for _ in range(_PATIENCE // _CHUNK):
            if not environ["wsgi.input"].read(_CHUNK):
                break


def _whole(answer: Iterable[bytes] | HttpResponseBase) -> Iterable[bytes]:
    """granian sends a list in one piece. Of all else the body waits 40 ms for the client to confirm the headers."""
    if isinstance(answer, HttpResponse):
        body = [answer.content]
        answer.close()
        return body
    return answer
