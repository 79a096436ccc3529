"""TorBox's response envelope: a success, a failure, and every refusal of the archive with TorBox's own code.

    {"success": true, "error": null, "detail": "a sentence", "data": …}

What is not known is left out of `data`: TorBox's npm SDK takes a null for an error.
"""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

import clients
from api.http.takedown_link import takedown_link
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

# The first class that the exception is an instance of counts: a class comes before those it inherits from.
# TorBox's SDKs repeat a request three times after a status from 500 on, except 500 and 503.
_STATUS_AND_CODE: dict[type[Exception], tuple[int, str]] = {
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


class TorboxError(Refusal):
    """A refusal that only this dialect has. `code` goes into the envelope's `error`, `status` is HTTP's."""

    def __init__(self, code: str | bool, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.code, self.status = code, status


def success_response(data: Any, detail: str) -> HttpResponse:
    return _json_response({"success": True, "error": None, "detail": detail, "data": data}, 200)


def error_response(error: Refusal | clients.ClientError, request: HttpRequest) -> HttpResponse:
    if isinstance(error, TorboxError):
        return _failure_response(error.code, str(error), error.status)
    matching = (row for kind, row in _STATUS_AND_CODE.items() if isinstance(error, kind))
    status, code = next(matching, (500, "UNKNOWN_ERROR"))
    response = _failure_response(code, str(error), status)
    match error:
        case TooMany() | StillWanted() | Unavailable():
            response["Retry-After"] = str(error.retry_after)
        case TakenDown():
            response["Link"] = takedown_link(request)
    return response


def _failure_response(code: str | bool, detail: str, status: int) -> HttpResponse:
    return _json_response({"success": False, "error": code, "detail": detail, "data": None}, status)


def _json_response(envelope: dict[str, Any], status: int) -> HttpResponse:
    body = json.dumps(
        envelope, separators=(",", ":")
    )  # in ASCII: a name may hold surrogates, which UTF-8 cannot
    return HttpResponse(
        body, status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
