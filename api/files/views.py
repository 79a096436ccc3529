"""What a link to a finished file, or to the zip of a torrent's files, answers."""

from contextlib import ExitStack

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from api.files.kind import media_type
from api.files.link import Link, plain, read
from api.files.ranges import Unsatisfiable, part
from api.files.reach import reach, reach_all
from api.files.readers import readers
from api.files.reading import Body, pieces
from api.files.zipped import zipped
from api.rest.problems import CONTENT_TYPE, problem
from archive.errors import Refusal, StaleLink, UnknownKey
from archive.keys import Key, named
from clients import ClientError
from clients.finished import Finished

_ALWAYS = {
    "Cache-Control": "private, no-cache",
    # Whatever a torrent holds, pages and pictures with scripts too, is not to run as if it were ours.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Access-Control-Allow-Origin": "*",
}


@require_safe
def hand_out(request: HttpRequest, link: str, name: str = "") -> HttpResponseBase:
    """`name` is for players, and may be any."""
    with ExitStack() as ends:
        try:
            wanted = read(link)
            response = _zip(request, wanted, ends) if wanted.file is None else _file(request, wanted, wanted.file, ends)
        except (Refusal, ClientError) as error:
            response = _refused(request, error)
        for header, value in _ALWAYS.items():
            response[header] = value
        response._resource_closers.append(ends.pop_all().close)
    return response


def _file(request: HttpRequest, link: Link, index: int, ends: ExitStack) -> HttpResponseBase:
    found = reach(_key(link), link.number, index)
    ends.enter_context(found.file)
    headers = {"ETag": _etag(found), "Accept-Ranges": "bytes"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return HttpResponse(status=304, headers=headers)
    unchanged = request.headers.get("If-Range", headers["ETag"]) == headers["ETag"]
    ranged = unchanged and request.method == "GET"
    try:
        asked = part(request.headers.get("Range", ""), found.size) if ranged else None
    except Unsatisfiable:
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{found.size}"})
    sent = range(found.size) if asked is None else asked
    headers |= _described(found.name, len(sent))
    if asked is not None:
        headers["Content-Range"] = f"bytes {sent.start}-{sent.stop - 1}/{found.size}"
