"""The HTTP response to a download: the torrent's bytes or a part of them, an ETag, and gzip where it pays.

`plan_response` works on plain values, so that the fast path (without Django) and Django's views share it;
`torrent_response` is the same for a Django view.
"""

import gzip
import re
from collections.abc import Mapping
from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

from django.http import HttpRequest, HttpResponse

from api.http.byte_range import UnsatisfiableRange, parse_range
from archive.torrents.retrieve import RetrievedTorrent
from metainfo.infohash import parse_infohash
from server.response_values import Response

CONTENT_TYPE = "application/x-bittorrent"  # exactly this: npm's magnet-to-torrent compares the whole header
_IMMUTABLE = "public, max-age=31536000, immutable"  # RFC 8246
_MAY_IMPROVE = "public, max-age=3600"  # a v2 torrent without piece layers is replaced by a full one
_V2_MARK = b"12:meta versioni2e"
_PIECES = re.compile(rb"6:pieces([0-9]{1,9}):")
_ONE_PACKET = 1400  # bytes; a response that fits in one packet gains nothing from gzip
_MAX_GZIPPED = 1_000_000  # bytes
_INFOHASH = r"([0-9A-Fa-f]{64}|[0-9A-Fa-f]{40}|[A-Za-z2-7]{32})"

# /H, /H.torrent, and /torrent/H or /torrents/H with or without a suffix: Torrage ignored what came after the hash.
_PATH = re.compile(rf"/(?:{_INFOHASH}(?i:\.torrent)?|torrents?/{_INFOHASH}(?:\.[^/]*)?)", re.ASCII)


def infohash_in_path(path: str) -> bytes | None:
    """The infohash in the path of a download URL, in raw bytes; None for any other path."""
    match = _PATH.fullmatch(path)
    return parse_infohash(match[1] or match[2]) if match else None


def is_download(environ: WSGIEnvironment) -> bool:
    return environ["REQUEST_METHOD"] in ("GET", "HEAD") and infohash_in_path(environ["PATH_INFO"]) is not None


class DownloadConditions(NamedTuple):
    """The headers of a request for a torrent that count, each "" where it is missing.

    `range` and `if_range` of a GET; other methods have no ranges (RFC 9110, 14.2).
    """

    accept_encoding: str = ""
    if_none_match: str = ""
    range: str = ""
    if_range: str = ""


class DownloadPlan(NamedTuple):
    """A response whose body is `body`, or this part of the torrent where there is one."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    part: range | None = None

    def build(self, torrent: bytes) -> Response:
        """The whole response in memory."""
        return Response(
            self.status, self.headers, self.body if self.part is None else _slice(torrent, self.part)
        )


def conditions_of(environ: Mapping[str, str]) -> DownloadConditions:
    """The conditions of the request with this WSGI environ."""
    names = ["HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH"]
    if environ["REQUEST_METHOD"] == "GET":
        names += ["HTTP_RANGE", "HTTP_IF_RANGE"]
    return DownloadConditions(*[environ.get(name, "") for name in names])


def plan_response(retrieved: RetrievedTorrent, conditions: DownloadConditions) -> DownloadPlan:
    """Status 200, or 304 where If-None-Match has the ETag; 206 for a range, 416 for one beyond the end.

    Gzipped if the client accepts it and it pays; then it is always whole, as with nginx.
    """
    torrent = retrieved.torrent
    encoding = conditions.accept_encoding
    is_gzipped = bool(encoding) and _accepts_gzip(encoding) and _shrinks_by_gzip(torrent)
    etag = f'"{retrieved.etag}-gzip"' if is_gzipped else f'"{retrieved.etag}"'
    headers = [
        ("ETag", etag),
        ("Cache-Control", _IMMUTABLE if _is_final(torrent) else _MAY_IMPROVE),
        ("Vary", "Accept-Encoding"),
    ]
    if conditions.if_none_match and _etag_matches(conditions.if_none_match, etag):
        return DownloadPlan(304, headers)
    content = [
        ("Content-Type", CONTENT_TYPE),
        ("Content-Disposition", f'attachment; filename="{retrieved.infohash}.torrent"'),
    ]
    if is_gzipped:
        body = gzip.compress(torrent, 6, mtime=0)
        gzipped = [("Content-Length", str(len(body))), ("Content-Encoding", "gzip")]
        return DownloadPlan(200, headers + content + gzipped, body)
    headers.append(("Accept-Ranges", "bytes"))
    size = len(torrent)
    try:
        part = _requested_part(conditions, etag, size)
    except UnsatisfiableRange:
        return DownloadPlan(416, [*headers, ("Content-Range", f"bytes */{size}"), ("Content-Length", "0")])
    if part is not None:
        content.append(("Content-Range", f"bytes {part.start}-{part.stop - 1}/{size}"))
    sent = range(size) if part is None else part
    content.append(("Content-Length", str(len(sent))))
    return DownloadPlan(200 if part is None else 206, headers + content, part=sent)


def torrent_response(request: HttpRequest, retrieved: RetrievedTorrent) -> HttpResponse:
    """What `plan_response` plans, for a Django view."""
    plan = plan_response(retrieved, conditions_of(request.META))
    status, headers, body = plan.build(retrieved.torrent)
    return HttpResponse(body, status=status, headers=dict(headers))


def _requested_part(conditions: DownloadConditions, etag: str, size: int) -> range | None:
    """None for the whole: If-Range has another ETag, which is compared strongly, or a date, which no torrent has."""
    if not conditions.range or conditions.if_range.strip() not in ("", etag):
        return None
    return parse_range(conditions.range, size)


def _slice(torrent: bytes, part: range) -> bytes:
    return torrent if len(part) == len(torrent) else torrent[part.start : part.stop]


def _etag_matches(if_none_match: str, etag: str) -> bool:
    """Weak comparison, as RFC 9110 asks for If-None-Match; a proxy that unpacked gzip may have weakened it."""
    candidates = {candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")}
    return "*" in candidates or etag in candidates


def _accepts_gzip(accept_encoding: str) -> bool:
    for coding in accept_encoding.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() in ("gzip", "x-gzip"):
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False


def _shrinks_by_gzip(torrent: bytes) -> bool:
    """Whether gzip makes it much smaller. Hashes do not shrink, names and lengths do: these must be the larger part.

    A large torrent is never gzipped: it goes out from the disk in chunks, and a gzipped copy would stay in memory for
    as long as its reader is slow.
    """
    if len(torrent) > _MAX_GZIPPED:
        return False
    pieces = _PIECES.search(torrent)
    layers = torrent.find(b"12:piece layers")
    hashes = (int(pieces[1]) if pieces else 0) + (len(torrent) - layers if layers >= 0 else 0)
    return len(torrent) - hashes > max(hashes, _ONE_PACKET)


def _is_final(torrent: bytes) -> bool:
    """False for a v2 torrent without piece layers, which a full one may replace.

    The hashes of pieces, which are most of a torrent, are skipped: to look through them took a third of the time of
    a download.
    """
    pieces = _PIECES.search(torrent)
    start, end = (pieces.start(), pieces.end() + int(pieces[1])) if pieces else (0, 0)
    is_v2 = torrent.find(_V2_MARK, end) >= 0 or torrent.find(_V2_MARK, 0, start) >= 0
    return not is_v2 or b"12:piece layers" in torrent
