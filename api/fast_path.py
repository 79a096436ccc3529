"""What is asked most, without Django: a download in a ninth of a view's time, an upload in half of it.

Only what can be answered alone: a torrent that lies on this machine's disk under the very name that was asked for
(what is blocked does not lie there), and the old caches' POST. All else (other spellings, misses, takedowns,
outages) is Django's. The Host header is not looked at, since nothing in the answers depends on it.
"""

import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from wsgiref.types import StartResponse, WSGIEnvironment

from django.conf import settings
from django.db import close_old_connections

from api.http.file_stream import ClosingStream
from api.http.response_cache import CachedResponse, ResponseCache
from api.http.torrent_response import TorrentResponse, build_response, infohash_in_path
from api.torrage import upload
from archive.errors import Unavailable
from archive.torrents.retrieve import RetrievedTorrent, count_repeat, read_local

UPLOADS = ("/autoupload.php", "/upload.php", "/upload")
_STATUS = {200: "200 OK", 304: "304 Not Modified", 503: "503 Service Unavailable"}
_LARGE = 262_144  # bytes; a slow reader of more is fed from the disk, which takes a thread, and no memory
_LONG_NAME = 81  # characters of /torrent/<64 digits>.torrent: longer paths are not worth remembering
# What browsers and programs send, and not whatever somebody makes up to fill the memory.
_USUAL = {
    "",
    "identity",
    "gzip",
    "deflate",
    "gzip, deflate",
    "gzip,deflate",
    "deflate, gzip",
    "gzip, deflate, br",
    "gzip, deflate, br, zstd",
    "br, gzip, deflate",
    "*",
}
_BUSY = TorrentResponse(
    503, [("Content-Type", "text/plain; charset=utf-8"), ("Retry-After", "30")], b"Busy.\n"
)

_shelf = ResponseCache(settings.MEMORY_FOR_DOWNLOADS)
_feeding = threading.BoundedSemaphore(settings.THREADS)


def recall(environ: WSGIEnvironment) -> TorrentResponse | None:
    """The answer, if it lies in memory and is still right: microseconds, and nothing that waits."""
    ready = _shelf.get((environ["PATH_INFO"], environ.get("HTTP_ACCEPT_ENCODING", "")))
    if ready is None or "HTTP_IF_NONE_MATCH" in environ or not ready.is_current():
        return None
    method = environ["REQUEST_METHOD"]
    if method not in ("GET", "HEAD"):
        return None
    count_repeat()
    return TorrentResponse(200, ready.headers, ready.body if method == "GET" else b"")


def fetch(environ: WSGIEnvironment) -> TorrentResponse | None:
    """The answer from the disk, remembered; None for what is large, or not ours to answer."""
    found = _found(environ, _LARGE)
    return found and _given(environ, found)


def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes] | None:
    """The body of the answer, or None where Django is to answer."""
    given, found = recall(environ), None
    if given is None:
        found = _found(environ)
        if found is None:
            return None
        given = _given(environ, found)
    if found and len(found.torrent) > _LARGE and given.body is found.torrent:
        return _fed(found, given, start_response)
    start_response(_STATUS[given.status], given.headers)
    return [given.body]


def _found(environ: WSGIEnvironment, most: int | None = None) -> RetrievedTorrent | None:
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return None
    wanted = infohash_in_path(environ["PATH_INFO"])
    try:
        return read_local(wanted, most) if wanted else None
    except Unavailable:
        return None


def _given(environ: WSGIEnvironment, found: RetrievedTorrent) -> TorrentResponse:
    encoding = environ.get("HTTP_ACCEPT_ENCODING", "")
    given = build_response(found, encoding, environ.get("HTTP_IF_NONE_MATCH", ""))
    if len(found.torrent) <= _LARGE:
        _remember(environ["PATH_INFO"], encoding, found, given)
    return given if environ["REQUEST_METHOD"] == "GET" else given._replace(body=b"")


def _remember(path: str, encoding: str, found: RetrievedTorrent, given: TorrentResponse) -> None:
    usual = len(path) <= _LONG_NAME and encoding in _USUAL
    if given.status == 200 and found.origin and usual:
        _shelf.put((path, encoding), CachedResponse(given.headers, given.body, found.origin.is_current))


def _fed(found: RetrievedTorrent, given: TorrentResponse, start_response: StartResponse) -> Iterable[bytes]:
    if not _feeding.acquire(blocking=False):
        start_response(_STATUS[_BUSY.status], _BUSY.headers)
        return [_BUSY.body]
    pieces = found.origin.pieces() if found.origin else None
    start_response(_STATUS[given.status], given.headers)
    ends = ExitStack()
    ends.callback(_feeding.release)
    return ClosingStream(pieces or iter([given.body]), ends)


def receive(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes] | None:
    """As serve, for uploads: it works on the index, so it takes its turn."""
    if not is_upload(environ):
        return None
    try:
        [given] = receive_all([environ])
    finally:
        close_old_connections()
    start_response(_STATUS[given.status], given.headers)
    return [given.body]


def is_upload(environ: WSGIEnvironment) -> bool:
    return environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] in UPLOADS


def receive_all(environs: Sequence[WSGIEnvironment]) -> list[TorrentResponse]:
    """The answers to uploads, which are stored together."""
    close_old_connections()
    uploads = [upload.read_request(environ, environ["wsgi.input"]) for environ in environs]
    answers = upload.store_uploads(uploads)
    return [TorrentResponse(200, list(headers.items()), body) for body, headers in answers]
