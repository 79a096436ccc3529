"""Hashkeep for any WSGI server, as gunicorn: `hashkeep.wsgi:application`.

Everything works as with `hashkeep.application`, but a request that waits, and a client that is slow, take a thread.
Waits happen on one event loop, on a thread of its own, which is started by the first of them.
"""

import asyncio
import threading
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from hashkeep.application import django_application
from hashkeep.request_policy import body_limit, prepare_environ
from hashkeep.unknown_coding import refuse_unknown_coding
from server.request_body import spool_body
from server.rsgi_types import HeaderList
from server.wait import Wait, repeat_with
from server.wait_middleware import WaitResponse


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The WSGI application (PEP 3333)."""
    prepare_environ(environ)
    status, headers = "", HeaderList()

    def note_start(new_status: str, new_headers: HeaderList, exc_info: Any = None, /) -> Any:
        nonlocal status, headers
        status, headers = new_status, new_headers

    with spool_body(environ, body_limit(environ)):
        if refusal := refuse_unknown_coding(environ):
            start_response(f"{refusal.status} {HTTPStatus(refusal.status).phrase}", refusal.headers)
            return [refusal.body]
        response = django_application(environ, note_start)
        while isinstance(response, WaitResponse):
            response.close()
            repeat_with(_outcome(response.wait), environ)
            response = django_application(environ, note_start)
    start_response(status, headers)
    return response


def _outcome(wait: Wait) -> object:
    return asyncio.run_coroutine_threadsafe(wait.outcome(), _event_loop()).result()


@cache
def _event_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="waits", daemon=True).start()
    return loop
