"""What is decided about a request before it is answered, whatever server it came through."""

import re
from wsgiref.types import WSGIEnvironment

from django.conf import settings

from api.fast_path import UPLOAD_PATHS, is_upload
from api.http.torrent_response import infohash_in_path
from server.header_filter import filter_headers
from soap.calls_without_middleware import CALL_PATHS, is_call

# Routes that take several torrents, or one in a form. All others take forms of Django's own limit.
_TORRENT_ROUTES = ("/api/v1/", "/v1/", "/store", "/torrent/add")
_TORRENTS_AT_ONCE = 25
_LONGEST_FORM = 800_000_000  # bytes
_MAX_JSON = 2_000_000  # bytes of JSON that a route may take, and more
_ENVELOPE = 100_000  # bytes that a form or a SOAP call may have besides its torrent
_SLASHES = re.compile("/{2,}")
_TORRENT_CLIENT_ROUTES = ("/v1/", "/api/v1/clients", "/send/", "/files/")


def prepare_environ(environ: WSGIEnvironment) -> None:
    """Filter the headers, tidy the path, and take the client's address from the proxy in front, if there is one.

    Of several addresses in X-Forwarded-For the last is what our own proxy saw; the client may have sent the others.
    """
    if settings.BEHIND_PROXY:
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        environ["REMOTE_ADDR"] = forwarded or environ.get("REMOTE_ADDR", "")
    filter_headers(environ)
    environ["PATH_INFO"] = _tidy_path(environ["PATH_INFO"])


def _tidy_path(path: str) -> str:
    """The path with single slashes, as nginx and PHP take it, and none at the end of an address of the old caches."""
    if "//" in path:
        path = _SLASHES.sub("/", path)
    if path.endswith("/"):
        without = path[:-1]
        if without in UPLOAD_PATHS or without in CALL_PATHS or infohash_in_path(without) is not None:
            return without
    return path


def body_limit(environ: WSGIEnvironment) -> int:
    """How many bytes of the body are kept for the view; the rest is read and dropped."""
    if environ["REQUEST_METHOD"].upper() not in ("POST", "PUT", "PATCH"):
        return 0
    if is_upload(environ) or is_call(environ):  # base64 makes four bytes of three
        return settings.MAX_TORRENT_BYTES * 4 // 3 + 2 * _ENVELOPE
    if environ["PATH_INFO"].startswith(_TORRENT_ROUTES):
        is_form = environ.get("CONTENT_TYPE", "").lower().startswith("multipart/")
        if not is_form:
            return settings.MAX_TORRENT_BYTES + _MAX_JSON
        return min(_TORRENTS_AT_ONCE * settings.MAX_TORRENT_BYTES, _LONGEST_FORM)
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE) + _ENVELOPE


def uses_torrent_client(environ: WSGIEnvironment) -> bool:
    """Whether the view of this request may have to wait for a user's torrent client."""
    return bool(settings.CLIENTS) and environ["PATH_INFO"].startswith(_TORRENT_CLIENT_ROUTES)
