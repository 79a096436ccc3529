"""The web application on granian's event loop (RSGI): which way each request takes.

One event loop a process. What lies in memory is answered on it; what blocks goes to threads:

    request ── cached download ─────────────────────────────────▶ response, on the loop
       │
       ├─ download ── 4 threads, the disk ───────── found? ─────▶ response, or granian sends the file
       │                                              │ no
       ├─ upload, SOAP call ── batcher, one thread ───┼─────────▶ response, stored together with others
       │                                              ▼
       └─ all else ── Django, on one of two thread pools ───────▶ response, file or stream
                        │        ▲
                        ▼        │ the view is called again
                       Wait: awaited on the loop; ends when the client hangs up

Requests that may wait for a user's torrent client have a thread pool of their own, so that a client that does not
answer holds up nothing else.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIEnvironment

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.http.response import HttpResponseBase

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hashkeep.settings")
django_application = get_wsgi_application()

from api.fast_path import answer_uploads, cached_download, is_upload, read_download  # noqa: E402
from api.http.torrent_response import is_download  # noqa: E402
from archive.store import get_storage  # noqa: E402
from hashkeep.infohash_without_middleware import answer_infohash  # noqa: E402
from hashkeep.request_policy import body_limit, prepare_environ, uses_torrent_client  # noqa: E402
from hashkeep.unknown_coding import refuse_unknown_coding  # noqa: E402
from server.batcher import Batcher  # noqa: E402
from server.cpu_affinity import take_one  # noqa: E402
from server.django_bridge import Handler, Stream, call_django  # noqa: E402
from server.environ import has_body, wsgi_environ  # noqa: E402
from server.request_body import BodyReader  # noqa: E402
from server.response_values import FileRange, Response  # noqa: E402
from server.rsgi_types import HTTPProtocol, Scope  # noqa: E402
from server.sending import send_file, send_stream  # noqa: E402
from server.slow_readers import limit_slow_readers  # noqa: E402
from server.thread_pool import Overloaded, ThreadPool  # noqa: E402
from server.wait import Wait, repeat_with  # noqa: E402
from soap.calls_without_middleware import answer_requests, is_call  # noqa: E402

_log = logging.getLogger(__name__)

_DISK_THREADS = 4  # a disk has little to gain from more
_TORRENT_CLIENT_THREADS = 64
_BODY_THREADS = 2  # that write large bodies, and unpack
_BATCHED_AT_MOST = (
    262_144  # bytes of an upload that is stored with others; a larger one would keep them waiting
)
_PLAIN = ("Content-Type", "text/plain; charset=utf-8")
_OVERLOADED = Response(
    503,
    [_PLAIN, ("Retry-After", "30")],
    b"Very many are sending something at this moment. Please try again in a while.\n",
)
_TOO_SLOW = Response(408, [_PLAIN, ("Connection", "close")], b"The request took too long to arrive.\n")
_FAILED = Response(500, [], b"")

_SendableResponse = Response | FileRange | Stream
_UploadBatcher = Batcher[WSGIEnvironment, Response | None]


class _Entrance(NamedTuple):
    """A kind of upload whose requests are stored together."""

    accepts: Callable[[WSGIEnvironment], bool]
    batcher: _UploadBatcher


class ClientGone(Exception):
    """The client hung up while its request waited."""


class Application:
    """What granian calls for each request, on the event loop of its process."""

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        take_one(int(os.environ.get("HASHKEEP_PROCESSES", "0")))
        loop.call_soon(_limit_slow_readers, loop)
        self._disk = ThreadPool("disk", _DISK_THREADS)
        self._django = ThreadPool("django", settings.THREADS)
        self._torrent_clients = ThreadPool("torrent client", _TORRENT_CLIENT_THREADS)
        self._bodies = BodyReader(ThreadPool("bodies", _BODY_THREADS))
        # Over a network an object that is slow to store would keep the others of its batch waiting.
        self._entrances = _entrances() if get_storage().local else []

    async def __rsgi__(self, scope: Scope, proto: HTTPProtocol) -> None:
        headers = scope.headers
        cached = cached_download(
            scope.method,
            scope.path,
            headers.get("accept-encoding", ""),
            headers.get("if-none-match", "") or headers.get("range", ""),
        )
        if cached:
            proto.response_bytes(*cached)
            return
        try:
            await self._serve(scope, proto)
        except TimeoutError:
            proto.response_bytes(*_TOO_SLOW)
        except Overloaded:
            proto.response_bytes(*_OVERLOADED)
        except ClientGone:
            proto.response_empty(499, [])
        except Exception:
            _log.exception("A request failed")
            proto.response_bytes(*_FAILED)

    async def _serve(self, scope: Scope, proto: HTTPProtocol) -> None:
        environ = wsgi_environ(scope)
        prepare_environ(environ)
        async with self._bodies.read(proto, environ, body_limit(environ)):
            response = await self._answer(environ, proto)
        if isinstance(response, Response):
            proto.response_bytes(*response)
        elif isinstance(response, FileRange):
            await send_file(scope, proto, response)
        else:
            pool = self._torrent_clients if uses_torrent_client(environ) else self._django
            await send_stream(scope, proto, response, pool)

    async def _answer(self, environ: WSGIEnvironment, proto: HTTPProtocol) -> _SendableResponse:
        if refusal := refuse_unknown_coding(environ):
            return refusal
        if is_download(environ):
            if response := await self._disk.run(read_download, environ):
                return response
            return await self._call(self._django, answer_infohash, environ, proto)
        for entrance in self._entrances if has_body(environ) else ():
            if entrance.accepts(environ) and int(environ.get("CONTENT_LENGTH") or 0) <= _BATCHED_AT_MOST:
                if response := await entrance.batcher.add(environ):
                    return response
                environ["wsgi.input"].seek(0)
        if uses_torrent_client(environ):
            return await self._call(self._torrent_clients, _call_and_disconnect, environ, proto)
        return await self._call(self._django, django_application, environ, proto)

    async def _call(
        self, pool: ThreadPool, handler: Handler, environ: WSGIEnvironment, proto: HTTPProtocol
    ) -> _SendableResponse:
        """The response of this handler, which may have to wait in between."""
        response = await pool.run(call_django, handler, environ)
        while isinstance(response, Wait):
            repeat_with(await _outcome_unless_gone(response, proto), environ)
            response = await pool.run_unlimited(call_django, handler, environ)
        return response


def _limit_slow_readers(loop: asyncio.AbstractEventLoop) -> None:
    """As soon as granian listens, which is some milliseconds after the loop has begun to run."""
    if not limit_slow_readers(settings.PORT):
        loop.call_later(0.05, _limit_slow_readers, loop)


async def _outcome_unless_gone(wait: Wait, proto: HTTPProtocol) -> object:
    """Raises ClientGone, and what the wait raises."""
    outcome = asyncio.ensure_future(wait.outcome())
    gone = asyncio.ensure_future(proto.client_disconnect())
    try:
        await asyncio.wait({outcome, gone}, return_when=asyncio.FIRST_COMPLETED)
        if outcome.done():
            return outcome.result()
        raise ClientGone
    finally:
        outcome.cancel()
        gone.cancel()


def _entrances() -> list[_Entrance]:
    return [
        _Entrance(is_upload, Batcher(ThreadPoolExecutor(1, "uploads"), _answer_together(answer_uploads))),
        _Entrance(is_call, Batcher(ThreadPoolExecutor(1, "soap"), _answer_together(answer_requests))),
    ]


def _answer_together(
    answer: Callable[[Sequence[WSGIEnvironment]], Sequence[Response]],
) -> Callable[[Sequence[WSGIEnvironment]], Sequence[Response | None]]:
    """As `answer`; None for each where it fails, over one of them perhaps: then each is tried alone."""

    def answer_all(environs: Sequence[WSGIEnvironment]) -> Sequence[Response | None]:
        try:
            return answer(environs)
        except Exception:
            _log.exception("Uploads went wrong together")
            return [None] * len(environs)

    return answer_all


def _call_and_disconnect(environ: WSGIEnvironment, start_response: StartResponse) -> HttpResponseBase:
    """Django, on one of many threads: their database connections would be too many to keep."""
    try:
        return django_application(environ, start_response)
    finally:
        connections.close_all()


application = Application()
