"""What every answer looks like, a success, a failure, and a refusal in TorBox's words.

What is not known is left out: its npm SDK takes a null for an error.
"""

import json
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

import clients
from archive.errors import (
    NoKey,
    NotAuthorized,
    NotHeld,
    PrivateTorrent,
    StillWanted,
    TakenDown,
    TooMany,
    Unavailable,
    UnknownKey,
)
from metainfo.errors import EmptyTorrent, NotAnInfohash, NotATorrent, Refusal, TooLarge

Method = Callable[..., HttpResponse]

_RETRY_AFTER = 30  # seconds

# A class counts for those that inherit from it, too, unless they come before it. The codes are TorBox's own.
# 500 and 503 aside, its SDKs take a status from 500 on for a reason to ask three times more.
_REFUSALS: dict[type[Exception], tuple[int, str]] = {
    NoKey: (403, "NO_AUTH"),
    UnknownKey: (403, "BAD_TOKEN"),
    NotAuthorized: (403, "AUTH_ERROR"),
    NotAnInfohash: (400, "INVALID_HASH"),
    TooLarge: (413, "TOO_MUCH_DATA"),
    EmptyTorrent: (422, "BOZO_TORRENT"),
    NotATorrent: (422, "BOZO_TORRENT"),
    PrivateTorrent: (422, "BOZO_TORRENT"),
    TakenDown: (451, "ITEM_NOT_FOUND"),
    NotHeld: (404, "ITEM_NOT_FOUND"),
    TooMany: (429, "COOLDOWN_LIMIT"),
    Unavailable: (503, "DATABASE_ERROR"),
    clients.UnknownTorrent: (404, "ITEM_NOT_FOUND"),
    clients.RejectedTorrent: (422, "BOZO_TORRENT"),
    clients.Unfinished: (404, "DOWNLOAD_NOT_CACHED"),
    clients.OutOfReach: (404, "LINK_OFFLINE"),
    clients.NoAnswer: (504, "DOWNLOAD_SERVER_ERROR"),
    clients.ClientError: (502, "DOWNLOAD_SERVER_ERROR"),
}
# Pages in browsers use this API, from wherever they are. A key is sent by hand, so nothing is given away.
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Expose-Headers": "Content-Disposition, Retry-After",
    "Access-Control-Max-Age": "86400",  # seconds
}


class TorboxError(Refusal):
    """What only this dialect refuses, in its own words."""

    def __init__(self, code: str | bool, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.code, self.status = code, status


def success_response(data: Any, detail: str) -> HttpResponse:
    return _answer({"success": True, "error": None, "detail": detail, "data": data}, 200)


def error_response(code: str | bool, detail: str, status: int = 400) -> HttpResponse:
    return _answer({"success": False, "error": code, "detail": detail, "data": None}, status)


def method_view(**methods: Method) -> Method:
    """The view of a path: one function for each HTTP method; every refusal is answered as TorBox would."""

    @csrf_exempt
    def view(request: HttpRequest, **captured: str) -> HttpResponse:
        if request.method == "OPTIONS":
            answer = HttpResponse(status=204)
        else:
            answer = _told(
                methods.get("GET" if request.method == "HEAD" else request.method or ""), request, captured
            )
        for name, value in _CORS.items():
            answer.setdefault(name, value)
        return answer

    return view


def unknown_endpoint(request: HttpRequest, **captured: str) -> HttpResponse:
    raise TorboxError("ENDPOINT_NOT_FOUND", "There is nothing at this address.", 404)


def _told(act: Method | None, request: HttpRequest, captured: dict[str, str]) -> HttpResponse:
    try:
        if act is None:
            raise TorboxError("ENDPOINT_NOT_FOUND", f"This address is not for {request.method}.", 405)
        return act(request, **captured)
    except (Refusal, clients.ClientError) as refusal:
        return _refused(refusal, request)


def _refused(refusal: Refusal | clients.ClientError, request: HttpRequest) -> HttpResponse:
    if isinstance(refusal, TorboxError):
        return error_response(refusal.code, str(refusal), refusal.status)
    known = (told for kind, told in _REFUSALS.items() if isinstance(refusal, kind))
    status, code = next(known, (500, "UNKNOWN_ERROR"))
    answer = error_response(code, str(refusal), status)
    match refusal:
        case TooMany() | StillWanted():
            answer["Retry-After"] = str(refusal.retry_after)
        case Unavailable():
            answer["Retry-After"] = str(_RETRY_AFTER)
        case TakenDown():  # RFC 7725
            answer["Link"] = f'<{request.build_absolute_uri(reverse("takedowns"))}>; rel="blocked-by"'
    return answer


def _answer(told: dict[str, Any], status: int) -> HttpResponse:
    # In ASCII: a name may hold what UTF-8 cannot carry.
    body = json.dumps(told, separators=(",", ":"))
    return HttpResponse(
        body, status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
