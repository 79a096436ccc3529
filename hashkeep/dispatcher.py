"""granian with one thread at the front, which answers downloads from memory, and others behind it for all else.

python -m hashkeep.dispatcher --workers 2    the serve command starts it so

In granian's own way any of its threads takes any request. Where many may have to wait there are hundreds of them,
and they contend for one lock: a download costs twice as much. Uploads are for clerks, who store many at once.
"""

import argparse
import logging
import resource
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from django.conf import settings
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import mp
from granian.wsgi import _callback_wrapper as granians_own

import hashkeep.wsgi  # it sets Django up for those below
from api import fast_path as http
from api.files.reader_limit import MOST as SEATS
from api.http.torrent_response import is_download
from archive.db.batcher import Batcher
from archive.store import get_storage
from server.cpu_affinity import take_one
from server.request_body import has_body, hear_out
from server.thread_pool import Crew
from soap import fast_path as soap

_log = logging.getLogger(__name__)
_CONNECTIONS = 2048  # at once in each process
_THREADS = 512  # granian starts them all in a minute of work, and each keeps some 80 KB
_HEARD = _THREADS - 12  # bodies at once: each may stop in the middle, and keep its thread
_SMALL = 262_144  # bytes of an upload that is stored with others; a large one would keep them waiting
_READERS = 4  # a disk has little to gain from more
_BUFFER = 65_536  # bytes of each connection at most
_HEADERS_WITHIN = 20_000  # milliseconds; also how long a connection may idle between requests
_IDLE = 600  # seconds until granian ends a thread that has nothing to do
_CALLED = -1  # no thread: somebody is on the way to the front
_TOO_MANY = b"Very many are sending something at this moment. Please try again in a while.\n"
_ASIDE = 60.0  # seconds that one waits to be called to the front, or without a sign of who stands there


class _Relay:
    """Of granian's threads one stands at the front. It is relieved when it has to hear a body out.

    Whoever began to wait last goes first: what he needs is still at hand, and those before him may go home.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[threading.Lock] = []  # each is released to call one
        self._first, self._seen = 0, 0.0

    def leave(self) -> None:
        """Whoever waits goes to the front. Where nobody does, granian starts another thread by itself."""
        with self._lock:
            if self._first == threading.get_ident():
                self._first = 0
                if self._waiting:
                    self._first = _CALLED
                    self._waiting.pop().release()

    def stand(self) -> None:
        """Return to granian, and so to the front; but wait while another stands there."""
        me = threading.get_ident()
        if self._first != me and self._seen > time.monotonic() - _ASIDE and not self._free():
            return
        self._first, self._seen = me, time.monotonic()

    def _free(self) -> bool:
        """Wait for it."""
        with self._lock:
            if not self._first:
                self._first = _CALLED
                return True
            call = threading.Lock()
            call.acquire()
            self._waiting.append(call)
        if call.acquire(timeout=_ASIDE):
            return True
        with self._lock:
            if call not in self._waiting:  # but called at the last moment
                return True
            self._waiting.remove(call)
            return False


Request = tuple[Any, WSGIEnvironment]
ReceiveAll = Callable[[Sequence[WSGIEnvironment]], Sequence[soap.Answer]]

_DOORS: tuple[tuple[Callable[[WSGIEnvironment], bool], ReceiveAll], ...] = (
    (http.is_upload, http.receive_all),
    (soap.is_call, soap.receive_all),
)


class Front:
    """What granian calls for each request, on one of its threads. The answer goes to `proto`, from any thread."""

    def __init__(self, application: WSGIApplication, *options: Any) -> None:
        self._answer = granians_own(application, *options)
        self._readers = Crew(_READERS)
        self._crew = Crew(2 * settings.THREADS + SEATS)  # as many may be busy with slow readers
        self._relay = _Relay()
        # Over a network one that is slow would keep the others.
        doors = _DOORS if get_storage().local else ()
        self._clerks = [(fits, Batcher(partial(_receive_all, door), self._give)) for fits, door in doors]
        self._ears = threading.BoundedSemaphore(_HEARD)

    def __call__(self, proto: Any, environ: WSGIEnvironment) -> None:
        if ready := http.recall(environ):
            proto.response_bytes(*ready)
        elif has_body(environ):
            if not self._receive(proto, environ):
                return  # granian drops the body only now: whoever waits to stand would keep its sender waiting
            environ.clear()  # it stays as long as the thread waits
        elif is_download(environ):
            self._readers.do(partial(_safely, self._read, proto, environ))
        else:
            self._crew.do(partial(_safely, self._answer, proto, environ))
        self._relay.stand()

    def _receive(self, proto: Any, environ: WSGIEnvironment) -> bool:
        """Whether there was anybody to hear it."""
        if not self._ears.acquire(blocking=False):
            proto.response_bytes(503, [("Content-Type", "text/plain"), ("Retry-After", "30")], _TOO_MANY)
            return False
        try:
            self._relay.leave()
            _safely(self._hear, proto, environ)  # here and now: granian drops what is unread on our return
        finally:
            self._ears.release()
        return True

    def _hear(self, proto: Any, environ: WSGIEnvironment) -> None:
        hear_out(environ)
        request = proto, dict(environ)
        length = environ.get("CONTENT_LENGTH", "")
        for fits, clerk in self._clerks if length.isdecimal() and int(length) <= _SMALL else ():
            if fits(environ):
                clerk.submit(request)
                return
        self._alone(request)

    def _alone(self, request: Request) -> None:
        self._crew.do(partial(_safely, self._answer, *request))

    def _give(self, request: Request, answer: soap.Answer | None) -> None:
        _, environ = request
        if answer is None:
            environ["wsgi.input"].seek(0)
            self._alone(request)
        else:
            environ["wsgi.input"].close()
            _safely(lambda proto, _: proto.response_bytes(*answer), *request)

    def _read(self, proto: Any, environ: WSGIEnvironment) -> None:
        """Downloads again, those that lie on the disk. Few threads at a time, for the same reason as ever."""
        if given := http.fetch(environ):
            proto.response_bytes(*given)
        else:
            self._crew.do(partial(_safely, self._answer, proto, environ))


def _receive_all(door: ReceiveAll, requests: Sequence[Request]) -> Sequence[soap.Answer | None]:
    """None where they went wrong together, over one of them perhaps: each is to be tried alone."""
    try:
        return hashkeep.wsgi.together(door, [environ for _, environ in requests])
    except Exception:
        _log.exception("Uploads went wrong together")
        return [None] * len(requests)


def _safely(work: Callable[[Any, WSGIEnvironment], object], proto: Any, environ: WSGIEnvironment) -> None:
    try:
        work(proto, environ)
    except Exception:
        _log.exception("A request failed")
        proto.response_bytes(500, [], b"")


def _front(processes: int, application: WSGIApplication, *options: Any) -> Front:
    """In a process that is to serve, before it has any thread but this."""
    take_one(processes)
    return Front(application, *options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--kill-after", type=int, default=5, help="seconds that a worker has to end")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # granian offers no other way to be called without its own wrapper.
    mp._wsgi_call_wrap = partial(_front, options.workers)  # type: ignore[attr-defined]
    Granian(
        "hashkeep.wsgi:application",
        address=settings.HOST,
        port=settings.PORT,
        interface=Interfaces.WSGI,
        workers=options.workers,
        blocking_threads=_THREADS,
        blocking_threads_idle_timeout=_IDLE,
        backpressure=_CONNECTIONS,
        # HTTP/1 alone: over HTTP/2, an upload that breaks off leaves its thread in a loop for ever (granian 2.8.7).
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADERS_WITHIN, max_buffer_size=_BUFFER),
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=options.kill_after,
    ).serve()


if __name__ == "__main__":
    main()
