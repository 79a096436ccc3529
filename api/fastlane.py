"""What is asked most, without Django: a download in a ninth of a view's time, an upload in half of it.

Only what can be answered alone: a torrent that lies on this machine's disk under the very name that was asked for
(what is blocked does not lie there), and the old caches' POST. All else (other spellings, misses, takedowns,
outages) is Django's. The Host header is not looked at, since nothing in the answers depends on it.
"""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from django.db import close_old_connections

from api import torrentcache
from api.download import answer, infohash
from archive.errors import Unavailable
from archive.retrieve import at_hand

_STATUS = {200: "200 OK", 304: "304 Not Modified"}
UPLOADS = ("/autoupload.php", "/upload.php", "/upload")


def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes] | None:
    """The body of the answer, or None where Django is to answer."""
    method = environ["REQUEST_METHOD"]
    if method not in ("GET", "HEAD") or (wanted := infohash(environ["PATH_INFO"])) is None:
        return None
    try:
        found = at_hand(wanted)
    except Unavailable:
        return None
    if found is None:
        return None
    encoding, none_match = environ.get("HTTP_ACCEPT_ENCODING", ""), environ.get("HTTP_IF_NONE_MATCH", "")
    status, headers, body = answer(found, encoding, none_match)
    start_response(_STATUS[status], headers)
    return [body if method == "GET" else b""]


def receive(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes] | None:
    """As serve, for uploads: it reads the body and works on the index, so it takes its turn."""
    if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] not in UPLOADS:
        return None
    close_old_connections()
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        form, kind, key = environ["wsgi.input"], environ.get("CONTENT_TYPE", ""), torrentcache.key_in(environ)
        body, headers = torrentcache.answer(form, kind, length, key)
    finally:
        close_old_connections()
    start_response(_STATUS[200], list(headers.items()))
    return [body]
