"""The route /search: torrents by words of their names, kind, size, number of files, and time."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.rest.paging import PAGE_PARAMETERS, page_response, page_serializer, read_page_request
from api.rest.query_parameters import (
    MAX_INTEGER,
    bool_parameter,
    choice_parameters,
    datetime_parameter,
    int_parameter,
)
from api.rest.torrent_serializers import TorrentSerializer, torrent_fields
from api.rest.view import RestView
from archive.browse.search import SearchQuery, search_torrents
from archive.naming.torrent_kind import TorrentKind
from archive.torrents.index_entries import TorrentEntry
from metainfo.magnet import format_magnet

_KINDS = {str(kind): kind for kind in TorrentKind}
_NUMBERS = ("min_size", "max_size", "min_files", "max_files")
_TIMES = ("since", "until")


class HitSerializer(TorrentSerializer):
    kind = serializers.ChoiceField(choices=list(_KINDS), help_text="By its name; a guess.")
    magnet = serializers.CharField()


class SearchView(RestView):
    @extend_schema(
        operation_id="search",
        parameters=[
            OpenApiParameter("q", str, description="Words that must all occur. No words are wrong."),
            OpenApiParameter("kind", str, enum=list(_KINDS), many=True, description="One of these."),
            *(
                OpenApiParameter(name, {"type": "integer", "minimum": 0, "maximum": MAX_INTEGER})
                for name in _NUMBERS
            ),
            *(
                OpenApiParameter(name, {"type": "string", "format": "date-time"}, description="When stored.")
                for name in _TIMES
            ),
            OpenApiParameter("alive", bool, description="Only what had peers when the census last looked."),
            *PAGE_PARAMETERS,
        ],
        responses=page_serializer(HitSerializer),
    )
    def get(self, request: Request) -> Response:
        """The newest first. A page may be short, or empty, and yet not be the last: `next` tells."""
        limit, before = read_page_request(request)
        filters: dict[str, Any] = {name: int_parameter(request, name, 0, MAX_INTEGER) for name in _NUMBERS}
        filters |= {name: datetime_parameter(request, name) for name in _TIMES}
        filters["alive"] = bool_parameter(request, "alive")
        kinds = tuple(_KINDS[name] for name in choice_parameters(request, "kind", _KINDS))
        result = search_torrents(
            SearchQuery(request.query_params.get("q", ""), kinds, **filters), limit=limit, before=before
        )
        return page_response(
            request, [_hit_fields(request, entry) for entry in result.hits], result.next_before
        )


def _hit_fields(request: Request, entry: TorrentEntry) -> dict[str, Any]:
    magnet = format_magnet(entry.v1, entry.v2, entry.name, ())
    return {**torrent_fields(request, entry), "kind": str(entry.kind), "magnet": magnet}
