"""Calls Django for a request, on a thread, and takes its response apart for a server that is no WSGI server."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from wsgiref.types import WSGIEnvironment

from django.db import close_old_connections
from django.http.response import HttpResponseBase

from server.response_values import FileRange, FileRangeResponse, Response
from server.rsgi_types import HeaderList
from server.wait import Wait
from server.wait_middleware import WaitResponse

Handler = Callable[[WSGIEnvironment, Any], HttpResponseBase]  # Django's WSGIHandler

_WHOLE = 1_000_000  # bytes: a stream of no more is sent in one piece


class Stream(NamedTuple):
    """A response in chunks. `close` is called once, on a thread, when no more of them are asked for."""

    status: int
    headers: HeaderList
    chunks: Iterator[bytes]
    close: Callable[[], None]


def call_django(handler: Handler, environ: WSGIEnvironment) -> Response | FileRange | Stream | Wait:
    """Django's response to this request, in the form in which it is sent.

    What is open for a FileRange or a Stream is closed by their `close`.
    """
    started: list[tuple[int, HeaderList]] = []

    def start_response(status: str, headers: HeaderList, exc_info: Any = None) -> None:
        started.append((int(status[:3]), headers))

    response = handler(environ, start_response)
    [(status, headers)] = started
    if isinstance(response, WaitResponse):
        response.close()
        return response.wait
    if isinstance(response, FileRangeResponse):
        close_old_connections()  # those of this thread; the response is closed on another
        return FileRange(status, headers, response.file, response.part, response.close)
    if response.streaming and int(response.get("Content-Length", str(_WHOLE + 1))) > _WHOLE:
        close_old_connections()
        return Stream(status, headers, _chunks(response), response.close)
    body = b"".join(response)
    response.close()
    return Response(status, headers, body)


def _chunks(response: Any) -> Iterator[bytes]:
    """Each chunk may be made on another thread, with a database connection of that thread."""
    chunks = iter(response)
    while True:
        close_old_connections()
        try:
            yield next(chunks)
        except StopIteration:
            return
