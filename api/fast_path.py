"""Downloads and form uploads without Django: a download in a ninth of a view's time, an upload in half of it.

Only what can be answered alone: a torrent that lies on this machine's disk under the very infohash that was asked
for (what is blocked does not lie there), and the old caches' POST. All else (other spellings, misses, takedowns,
outages) is Django's. The Host header is not looked at, since nothing in the answers depends on it.

A download takes the first of these steps that answers:
1. `cached_download`: from memory, in microseconds, on the event loop.
2. `read_download`: from the disk, on a thread. Up to 256 KB are kept in memory; of more only the headers are, and the
   server is left to send the file.
3. Django's view.
"""

import os
from collections.abc import Sequence
from wsgiref.types import WSGIEnvironment

from django.conf import settings
from django.db import close_old_connections

from api.http.response_cache import CachedResponse, ResponseCache
from api.http.torrent_response import (
    DownloadConditions,
    DownloadPlan,
    conditions_of,
    infohash_in_path,
    plan_response,
)
from api.torrage import upload
from archive.errors import Unavailable
from archive.torrents.retrieve import RetrievedTorrent, count_repeat, read_local
from server.response_values import FileRange, Response

UPLOAD_PATHS = ("/autoupload.php", "/upload.php", "/upload")
_CACHED_AT_MOST = (
    262_144  # bytes of a torrent; more is sent from the disk, and a slow reader then takes no memory
)
_LONGEST_PATH = 81  # characters of /torrent/<64 digits>.torrent: longer paths are not worth remembering
# The values that browsers and programs send. Others are not remembered: made-up ones would fill the memory.
_USUAL_ENCODINGS = {
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

_cache = ResponseCache(settings.MEMORY_FOR_DOWNLOADS)
_large_files = ResponseCache(10_000_000)  # headers alone: 4,000 of them


def cached_download(method: str, path: str, accept_encoding: str, condition: str) -> Response | None:
    """The whole response, if it lies in memory and its file is still the same. Never waits.

    `condition`: the headers If-None-Match and Range, one of which leaves the request to `read_download`.
    """
    cached = _cache.get((path, accept_encoding))
    if cached is None or condition or method not in ("GET", "HEAD") or not cached.file.is_current():
        return None
    count_repeat()
    return Response(200, cached.headers, cached.body if method == "GET" else b"")


def read_download(environ: WSGIEnvironment) -> Response | FileRange | None:
    """The response from this machine's disk; None where Django is to answer."""
    conditions = conditions_of(environ)
    if large := _recall_large_file(environ, conditions):
        return large
    infohash = infohash_in_path(environ["PATH_INFO"])
    try:
        found = read_local(infohash) if infohash else None
    except Unavailable:
        return None
    if found is None:
        return None
    plan = plan_response(found, conditions)
    is_get = environ["REQUEST_METHOD"] == "GET"
    if len(found.torrent) <= _CACHED_AT_MOST:
        _remember(environ["PATH_INFO"], conditions.accept_encoding, found, plan)
    elif is_get and plan.part and found.origin and (file := found.origin.open_file()):
        if plan.status == 200 and _is_usual(environ["PATH_INFO"], conditions.accept_encoding):
            _large_files.put(
                (environ["PATH_INFO"], conditions.accept_encoding), CachedResponse(plan.headers, found.origin)
            )
        return FileRange(plan.status, plan.headers, file, plan.part, file.close)
    return plan.build(found.torrent) if is_get else Response(plan.status, plan.headers, b"")


def _recall_large_file(environ: WSGIEnvironment, conditions: DownloadConditions) -> FileRange | None:
    """The whole file with the headers that it was sent with before; None where it has changed, or another request."""
    cached = _large_files.get((environ["PATH_INFO"], conditions.accept_encoding))
    if cached is None or environ["REQUEST_METHOD"] != "GET" or conditions.if_none_match or conditions.range:
        return None
    if (file := cached.file.open_file()) is None:
        return None
    count_repeat()
    whole = range(os.fstat(file.fileno()).st_size)
    return FileRange(200, cached.headers, file, whole, file.close)


def _remember(path: str, encoding: str, found: RetrievedTorrent, plan: DownloadPlan) -> None:
    if plan.status == 200 and found.origin and _is_usual(path, encoding):
        body = plan.build(found.torrent).body
        _cache.put((path, encoding), CachedResponse(plan.headers, found.origin, body))


def _is_usual(path: str, accept_encoding: str) -> bool:
    """Whether it is worth while to remember: a client may send anything, and as long as it likes."""
    return len(path) <= _LONGEST_PATH and accept_encoding in _USUAL_ENCODINGS


def is_upload(environ: WSGIEnvironment) -> bool:
    """Whether it is the old caches' POST of a form."""
    return environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] in UPLOAD_PATHS


def answer_uploads(environs: Sequence[WSGIEnvironment]) -> list[Response]:
    """The responses to uploads, which are stored together."""
    close_old_connections()
    uploads = [upload.read_request(environ, environ["wsgi.input"]) for environ in environs]
    answers = upload.store_uploads(uploads)
    return [Response(200, list(headers.items()), body) for body, headers in answers]
