"""Where the web server comes in. Downloads of what lies on this disk are answered before Django is asked."""

import os
from collections.abc import Callable, Iterable, Sequence
from wsgiref.types import StartResponse, WSGIEnvironment

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, HttpResponseBase

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hashkeep.settings")
_django = get_wsgi_application()

from api import fast_path as http  # noqa: E402
from api.http.torrent_response import is_download  # noqa: E402
from api.urls import by_infohash  # noqa: E402
from archive.db.slots import turn  # noqa: E402
from server import idle_timeout  # noqa: E402
from server.header_filter import tame  # noqa: E402
from server.public_url import Handler, at_public_url  # noqa: E402
from server.request_body import hear_out  # noqa: E402
from soap import fast_path as soap  # noqa: E402


class _ByInfohash(WSGIHandler):
    """Django without its middleware, which takes longer than to say that a torrent is not held.

    Sessions, forms and the Host header have no part in what is answered to an infohash.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        self._middleware_chain = convert_exception_to_response(at_public_url(_answer))


def _answer(request: HttpRequest) -> HttpResponse:
    path = request.path_info.removeprefix("/")
    view: Handler = next(match.func for route in by_infohash if (match := route.resolve(path)))
    return view(request)


_by_infohash = _ByInfohash()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    served = http.serve(environ, start_response)
    if served is not None:
        return served
    if settings.BEHIND_PROXY:
        # The last one is what our own proxy saw; the others are hearsay.
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        environ["REMOTE_ADDR"] = forwarded or environ.get("REMOTE_ADDR", "")
    tame(environ)
    idle_timeout.begin()
    django = _by_infohash if is_download(environ) else _django
    with hear_out(environ), turn():
        return _whole(
            http.receive(environ, start_response)
            or soap.receive(environ, start_response)
            or django(environ, start_response)
        )


def together(
    receive_all: Callable[[Sequence[WSGIEnvironment]], Sequence[soap.Answer]],
    environs: Sequence[WSGIEnvironment],
) -> Sequence[soap.Answer]:
    """The answers to requests that have been heard out, all of them for the same door, from that door."""
    for environ in environs:
        tame(environ)
    idle_timeout.begin()
    with turn():
        return receive_all(environs)


def _whole(answer: Iterable[bytes] | HttpResponseBase) -> Iterable[bytes]:
    """granian sends a list in one piece. Of all else the body waits 40 ms for the client to confirm the headers."""
    if isinstance(answer, HttpResponse):
        body = [answer.content]
        answer.close()
        return body
    return answer
