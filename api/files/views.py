"""What a link to a finished file, or to the zip of a torrent's files, answers."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import cast
from urllib.parse import quote

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from api.files.locate import list_files, open_file
from api.files.ranges import UnsatisfiableRange, parse_range
from api.files.reader_limit import readers
from api.files.signed_link import Link, read_link, safe_file_name
from api.files.zip_stream import zip_files
from api.http.file_stream import ClosingStream, read_chunks
from api.http.media_type import guess_media_type
from api.http.problem_details import CONTENT_TYPE, Problem, describe_exception
from archive.access.api_keys import ApiKey, reauthorize_key
from archive.errors import StaleLink, UnknownKey
from clients import ClientError
from clients.finished_files import FinishedFile
from metainfo.errors import Refusal

_ALWAYS = {
    "Cache-Control": "private, no-cache",
    # Whatever a torrent holds, pages and pictures with scripts too, is not to run as if it were ours.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Access-Control-Allow-Origin": "*",
}


@require_safe
def serve_file(request: HttpRequest, link: str, name: str = "") -> HttpResponseBase:
    """`name` is for players, and may be any."""
    with ExitStack() as ends:
        try:
            wanted = read_link(link)
            key = _key(wanted)
            if wanted.file is None:
                response = _zip(request, key, wanted.number, ends)
            else:
                response = _file(request, key, wanted.number, wanted.file, ends)
        except (Refusal, ClientError) as error:
            response = _refused(request, error)
    for header, value in _ALWAYS.items():
        response[header] = value
    return response


def _key(link: Link) -> ApiKey:
    try:
        return reauthorize_key(link.key)
    except UnknownKey:
        raise StaleLink("The key that this link was made with has been revoked.") from None


def _file(request: HttpRequest, key: ApiKey, number: int, index: int, ends: ExitStack) -> HttpResponseBase:
    found = open_file(key, number, index)
    ends.enter_context(found.file)
    if settings.FILES_BY_NGINX:
        return _told_nginx(key, found)
    etag = _etag(found)
    headers = {"ETag": etag, "Accept-Ranges": "bytes"}
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers=headers)
    ranged = request.method == "GET" and request.headers.get("If-Range", etag) == etag
    try:
        asked = parse_range(request.headers.get("Range", ""), found.size) if ranged else None
    except UnsatisfiableRange:
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{found.size}"})
    sent = range(found.size)
    if asked:
        sent = asked
        headers["Content-Range"] = f"bytes {sent.start}-{sent.stop - 1}/{found.size}"
    headers |= _described(found.name, len(sent))
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    return _stream(key, read_chunks(found.file, sent), ends, headers, 206 if asked else 200)


def _told_nginx(key: ApiKey, found: FinishedFile) -> HttpResponse:
    """It sends the file from its own location for that, part or whole, and no reader keeps a thread of ours."""
    headers = _described(found.name, 0)
    del headers["Content-Length"]
    where = quote(f"/finished/{key.client}/{found.path}")
    return HttpResponse(headers=headers | {"X-Accel-Redirect": where})


def _zip(request: HttpRequest, key: ApiKey, number: int, ends: ExitStack) -> HttpResponseBase:
    name, files = list_files(key, number)
    made = zip_files(files)
    headers = {"Accept-Ranges": "none"} | _described(f"{name}.zip", made.size)
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    ends.callback(made.chunks.close)
    return _stream(key, made.chunks, ends, headers)


def _stream(
    key: ApiKey, pieces: Iterator[bytes], ends: ExitStack, headers: dict[str, str], status: int = 200
) -> HttpResponseBase:
    ends.callback(readers.sit(key.id))
    connections.close_all()  # to read on for two hours needs none
    return StreamingHttpResponse(ClosingStream(pieces, ends.pop_all()), status=status, headers=headers)


def _described(name: str, length: int) -> dict[str, str]:
    return {
        "Content-Type": guess_media_type(name),
        "Content-Length": str(length),
        "Content-Disposition": content_disposition_header(True, safe_file_name(name)) or "",
    }


def _etag(found: FinishedFile) -> str:
    there = os.fstat(found.file.fileno())
    return f'"{there.st_ino:x}-{there.st_size:x}-{there.st_mtime_ns:x}"'


def _refused(request: HttpRequest, error: Exception) -> HttpResponse:
    told = cast(Problem, describe_exception(error, request))  # all of these have their rows
    body = json.dumps(told.details)
    return HttpResponse(body, status=told.status, content_type=CONTENT_TYPE, headers=told.headers)
