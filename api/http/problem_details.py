"""Problem details (RFC 9457) for every refusal and mistake, and the one table of their statuses."""

from http import HTTPStatus
from typing import Any, NamedTuple

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest
from rest_framework import serializers
from rest_framework.exceptions import APIException

import clients
from api.http.takedown_link import takedown_link
from archive.errors import (
    NoKey,
    NotALink,
    NotAnImdbId,
    NotHeld,
    NotListed,
    PrivateTorrent,
    StaleLink,
    StillWanted,
    SuspendedKey,
    TakenDown,
    TooMany,
    TooManyReaders,
    TooManyRequests,
    TooManyWishes,
    Unavailable,
    UnknownKey,
    refusal_code,
)
from metainfo.errors import EmptyTorrent, NotAnInfohash, NotATorrent, Refusal, TooComplex, TooLarge, Truncated

CONTENT_TYPE = "application/problem+json"

# The first class that the exception is an instance of counts: a class comes before those it inherits from.
_STATUS_AND_TITLE: dict[type[Exception], tuple[int, str]] = {
    NotAnInfohash: (400, "That is no infohash"),
    NotAnImdbId: (400, "That is no id of a title at IMDb"),
    NoKey: (401, "This needs a key"),
    UnknownKey: (401, "This key is not known"),
    SuspendedKey: (403, "This key is suspended"),
    NotListed: (403, "This archive does not list"),
    StillWanted: (404, "Not found in the network so far"),
    NotHeld: (404, "Not held here"),
    TooLarge: (413, "Too large"),
    EmptyTorrent: (422, "An empty torrent"),
    Truncated: (422, "The torrent breaks off"),
    TooComplex: (422, "Too complex for a torrent"),
    NotATorrent: (422, "Not a torrent"),
    PrivateTorrent: (422, "A private torrent"),
    TooManyWishes: (429, "Too many wishes"),
    TooManyRequests: (429, "Too many requests"),
    TooManyReaders: (429, "Too many readers"),
    NotALink: (404, "That is no link"),
    StaleLink: (410, "This link is no longer good"),
    TakenDown: (451, "Taken down"),
    Unavailable: (503, "Not available right now"),
    clients.RejectedTracker: (422, "Not a tracker"),
    clients.RejectedTorrent: (422, "Rejected by the client"),
    clients.UnknownTorrent: (404, "Not in the client"),
    clients.Unfinished: (409, "The client has not finished it"),
    clients.OutOfReach: (404, "Not in the client's folder"),
    clients.NoAnswer: (504, "The client does not answer"),
    clients.ClientError: (502, "The client cannot be used"),
    RequestDataTooBig: (413, "Too large"),
    SuspiciousOperation: (400, "Malformed request"),
    Http404: (404, "Nothing at this address"),
}


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457. `type` ends in a word for programs, `detail` is a sentence for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()


class Problem(NamedTuple):
    """`details` is the JSON body, `headers` are those besides its Content-Type."""

    details: dict[str, Any]
    status: int
    headers: dict[str, str]


def describe_exception(exception: Exception, request: HttpRequest) -> Problem | None:
    """The problem that a refusal, an error of a torrent client or a mistake of the request is; None for any other
    exception, which is an error of ours."""
    if isinstance(exception, APIException):
        status, type_word = exception.status_code, str(exception.default_code).replace("_", "-")
        detail = exception.detail if isinstance(exception.detail, str) else exception.default_detail
        return build_problem(status, HTTPStatus(status).phrase, str(detail), type_word)
    for kind, (status, title) in _STATUS_AND_TITLE.items():
        if isinstance(exception, kind):
            headers = _headers_for(exception, request)
            return build_problem(status, title, str(exception), refusal_code(type(exception)), headers)
    return None


def build_problem(
    status: int, title: str, detail: str, type_word: str = "", headers: dict[str, str] | None = None
) -> Problem:
    """`type` is about:blank where the status says all there is to say (RFC 9457, 4.2.1)."""
    type_url = f"/api/v1/docs#{type_word}" if type_word else "about:blank"
    details = {"type": type_url, "title": title, "status": status, "detail": detail}
    return Problem(details, status, {"Cache-Control": "no-store", **(headers or {})})


def refusal_types() -> dict[str, tuple[int, str]]:
    """Every word that a problem's type may end in for a refusal of the archive, with its status and title."""
    return {
        refusal_code(kind): status_and_title
        for kind, status_and_title in _STATUS_AND_TITLE.items()
        if issubclass(kind, Refusal)
    }


def _headers_for(exception: Exception, request: HttpRequest) -> dict[str, str]:
    match exception:
        case UnknownKey():
            return {"WWW-Authenticate": "Bearer"}
        case TooMany() | StillWanted() | Unavailable():
            return {"Retry-After": str(exception.retry_after)}
        case TakenDown():
            return {"Link": takedown_link(request)}
    return {}
