"""Serve a finished file, whole or in part, or a zip of a torrent's files, by a signed link.

What a response holds open (the file, the reader's place, the zip) is in an ExitStack: it is closed when the body has
been sent or has broken off, or at once where there is no body.
"""

import json
import os
from contextlib import ExitStack
from typing import cast
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from api.files.open_client_files import list_files, open_file
from api.files.reader_limit import reader_limit
from api.files.signed_link import FileLink, read_link, safe_file_name
from api.files.zip_stream import zip_files
from api.http.byte_range import UnsatisfiableRange, parse_range
from api.http.cors_headers import cors_headers
from api.http.media_type_by_suffix import guess_media_type
from api.http.problem_details import CONTENT_TYPE, Problem, describe_exception
from archive.access.api_keys import ApiKey, reauthorize_key
from archive.errors import StaleLink, UnknownKey
from clients import ClientError
from clients.open_finished_file import FinishedFile
from metainfo.errors import Refusal
from server.response_values import ClosingStream, FileRangeResponse

_HEADERS = {
    "Cache-Control": "private, no-cache",
    # A torrent may hold pages and pictures with scripts, which must not run as if they were ours.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    **cors_headers(
        "GET, HEAD, OPTIONS",
        "Range, If-Range, If-None-Match",
        "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Retry-After",
    ),
}


@csrf_exempt  # other methods than these get a plain 405, not a page
@require_http_methods(["GET", "HEAD", "OPTIONS"])
def serve_file(request: HttpRequest, link: str, name: str = "") -> HttpResponseBase:
    """`name` is for players, and may be any. OPTIONS is a browser's question whether a page may send `Range`."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers=_HEADERS)
    with ExitStack() as cleanup:
        try:
            file_link = read_link(link)
            key = _find_key(file_link)
            if file_link.file is None:
                response = _zip_response(request, key, file_link.torrent, cleanup)
            else:
                file = open_file(key, file_link.torrent, file_link.file)
                response = _file_response(request, key, file, cleanup)
        except (Refusal, ClientError) as error:
            response = _problem_response(request, error)
    for header, value in _HEADERS.items():
        response[header] = value
    return response


def _find_key(link: FileLink) -> ApiKey:
    try:
        return reauthorize_key(link.key)
    except UnknownKey:
        raise StaleLink("The key that this link was made with has been revoked.") from None


def _file_response(
    request: HttpRequest, key: ApiKey, file: FinishedFile, cleanup: ExitStack
) -> HttpResponseBase:
    cleanup.enter_context(file.file)
    if settings.FILES_BY_NGINX:
        return _nginx_response(key, file)
    etag = _file_etag(file)
    headers = {"ETag": etag, "Accept-Ranges": "bytes"}
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers=headers)
    may_be_part = request.method == "GET" and request.headers.get("If-Range", etag) == etag
    try:
        byte_range = parse_range(request.headers.get("Range", ""), file.size) if may_be_part else None
    except UnsatisfiableRange:
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{file.size}"})
    sent = byte_range or range(file.size)
    if byte_range:
        headers["Content-Range"] = f"bytes {sent.start}-{sent.stop - 1}/{file.size}"
    headers |= _content_headers(file.name, len(sent))
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    cleanup.callback(reader_limit.begin_reading(key.id))
    close = cleanup.pop_all().close
    return FileRangeResponse(file.file, sent, close, status=206 if byte_range else 200, headers=headers)


def _nginx_response(key: ApiKey, file: FinishedFile) -> HttpResponse:
    """nginx sends the file out of its own internal location, whole or in part; its readers have no limit."""
    headers = _content_headers(file.name, 0)
    del headers["Content-Length"]
    location = quote(f"/finished/{key.client}/{file.path}")
    return HttpResponse(headers=headers | {"X-Accel-Redirect": location})


def _zip_response(request: HttpRequest, key: ApiKey, torrent_id: int, cleanup: ExitStack) -> HttpResponseBase:
    name, files = list_files(key, torrent_id)
    zip_ = zip_files(files)
    headers = {"Accept-Ranges": "none"} | _content_headers(f"{name}.zip", zip_.size)
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    cleanup.callback(zip_.chunks.close)
    cleanup.callback(reader_limit.begin_reading(key.id))
    return StreamingHttpResponse(ClosingStream(zip_.chunks, cleanup.pop_all()), headers=headers)


def _content_headers(name: str, length: int) -> dict[str, str]:
    return {
        "Content-Type": guess_media_type(name),
        "Content-Length": str(length),
        "Content-Disposition": content_disposition_header(True, safe_file_name(name)) or "",
    }


def _file_etag(file: FinishedFile) -> str:
    status = os.fstat(file.file.fileno())
    return f'"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}"'


def _problem_response(request: HttpRequest, error: Refusal | ClientError) -> HttpResponse:
    problem = cast(
        Problem, describe_exception(error, request)
    )  # never None: its table has all of these classes
    body = json.dumps(problem.details)
    return HttpResponse(body, status=problem.status, content_type=CONTENT_TYPE, headers=problem.headers)
