"""Downloads without Django: 0.68 of nginx's rate on one core, nine times a Django view.

It answers only what it can answer alone: a torrent that lies on this machine's disk under the very name that was
asked for. What is blocked does not lie there. All else (other spellings, misses, takedowns, outages) is Django's.
The Host header is not looked at, since nothing in the answer depends on it.
"""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from api.download import answer, infohash
from archive.errors import Unavailable
from archive.retrieve import at_hand

_STATUS = {200: "200 OK", 304: "304 Not Modified"}


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
