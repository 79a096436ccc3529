"""Search: the newest torrents that have all of some words in their names."""

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.rest.paging import PARAMETERS, page, paged, window
from api.rest.query import WrongParameter, number
from api.rest.resource import Resource
from api.rest.shapes import TorrentSerializer, listed
from archive.catalogue import Entry
from archive.kind import Kind
from archive.magnet import magnet
from archive.search import Query, search

_KINDS = [str(kind) for kind in Kind]
_SIZE, _FILES = 2**63 - 1, 2**31 - 1
_RANGES = {"min_size": _SIZE, "max_size": _SIZE, "min_files": _FILES, "max_files": _FILES}
_MOMENT = {"type": "string", "example": "2026-11-20"}
_ASKED = [
    OpenApiParameter(
        "q", {"type": "string"}, description="All of these words, in any order; or an infohash."
    ),
    OpenApiParameter(
        "kind",
        {"type": "array", "items": {"type": "string", "enum": _KINDS}},
        explode=False,
        description="One of these, as far as names tell.",
    ),
    *(
        OpenApiParameter(name, {"type": "integer", "minimum": 0, "maximum": most})
        for name, most in _RANGES.items()
    ),
    OpenApiParameter(
        "since", _MOMENT, description="Stored from then on (ISO 8601; UTC where it says nothing)."
    ),
    OpenApiParameter("until", _MOMENT, description="Stored before then."),
    *PARAMETERS,
]


class HitSerializer(TorrentSerializer):
    kind = serializers.ChoiceField(_KINDS, help_text="A guess from the name.")
    magnet = serializers.CharField()


class Search(Resource):
    @extend_schema(operation_id="search", parameters=_ASKED, responses=paged(HitSerializer))
    def get(self, request: Request) -> Response:
        """Torrents by words of their names, newest first. No words are wrong. A page may be short, or empty, and
        not be the last: where filters pass over very many, a request ends early."""
        limit, before = window(request)
        query = Query(
            request.query_params.get("q", ""),
            _kinds(request),
            **{name: number(request, name, 0, most) for name, most in _RANGES.items()},
            since=_moment(request, "since"),
            until=_moment(request, "until"),
        )
        found = search(query, limit=limit, before=before)
        return page(request, [_hit(request, entry) for entry in found.hits], found.older)


def _kinds(request: Request) -> tuple[Kind, ...]:
    named = [name for name in request.query_params.get("kind", "").split(",") if name]
    if not set(named) <= set(_KINDS):
        raise WrongParameter(f"`kind` is one or more of {', '.join(_KINDS)}, with commas.")
    return tuple(Kind(name) for name in dict.fromkeys(named))


def _moment(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        raise WrongParameter(f"`{name}` is a date, or a date and time, as in ISO 8601.") from None


def _hit(request: Request, entry: Entry) -> dict[str, Any]:
    link = magnet(entry.v1, entry.v2, entry.name, ())
    return {**listed(request, entry), "kind": str(entry.kind), "magnet": link}
