"""Errors of the Torrent API: the refusals that only it has, and the code of each refusal."""

from rest_framework.response import Response

from archive.errors import NotAnImdbId, NotAuthorized, NotHeld, NotListed, SuspendedKey, TakenDown, TooMany
from metainfo.errors import NotAnInfohash, Refusal


class WrongRequest(Refusal):
    """The method is another, or the request is too large."""


class WrongDay(Refusal):
    """The text is no day of the form yyyy-MM-dd."""


_CODES: dict[type[Refusal], str] = {
    SuspendedKey: "API_KEY_SUSPENDED",
    NotAuthorized: "API_KEY_UNKNOWN",
    NotListed: "ACCESS_FORBIDDEN",
    NotAnImdbId: "INVALID_IMDB",
    NotAnInfohash: "INVALID_INFOHASH",
    NotHeld: "INFOHASH_NOT_FOUND",
    TakenDown: "INFOHASH_NOT_FOUND",
    # The document says that codes may be added.
    TooMany: "TOO_MANY_REQUESTS",
    WrongDay: "INVALID_DAY",
    WrongRequest: "INVALID_REQUEST",
}


def refusal_response(refusal: Refusal) -> Response:
    for kind, code in _CODES.items():
        if isinstance(refusal, kind):
            return error_response(code, str(refusal))
    return error_response("INTERNAL_ERROR", str(refusal), 500)


def error_response(code: str, message: str, status: int = 200) -> Response:
    return Response({"error": code, "message": message}, status=status, headers={"Cache-Control": "no-store"})
