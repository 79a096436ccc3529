"""Search as JSON: the newest torrents, or those with all of some words in their names."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from archive.errors import NotListed, Refusal
from archive.kind import Kind
from archive.magnet import magnet
from archive.search import MOST, Hit, Query, search

_RETRY_AFTER = 30  # seconds
_SIZE = 2**63 - 1


class Words(serializers.CharField):
    """Anything at all: what cannot be found is simply not found."""

    def run_validation(self, data: Any = "") -> str:
        return data if isinstance(data, str) else ""


class Asked(serializers.Serializer[Any]):
    """The query's parameters. The words themselves are never wrong."""

    q = Words(default="")
    kind = serializers.MultipleChoiceField(choices=[str(kind) for kind in Kind], required=False)
    min_size = serializers.IntegerField(min_value=0, max_value=_SIZE, required=False)
    max_size = serializers.IntegerField(min_value=0, max_value=_SIZE, required=False)
    min_files = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    max_files = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=50)
    before = serializers.IntegerField(min_value=0, max_value=2**62, required=False)


@api_view(["GET"])
def found(request: Request) -> Response:
    """`results`, the newest first, and `next`: the URL of what is older. A page may be short and not be the last."""
    asked = Asked(data=request.query_params)
    asked.is_valid(raise_exception=True)
    told = dict(asked.validated_data)
    limit, before = told.pop("limit"), told.pop("before", None)
    kinds = tuple(Kind(kind) for kind in sorted(told.pop("kind", ())))
    try:
        page = search(Query(told.pop("q"), kinds, **told), limit=limit, before=before)
    except Refusal as refusal:
        return _refused(refusal)
    more = None
    if page.older is not None:
        parameters = [pair for pair in _pairs(request) if pair[0] != "before"] + [("before", str(page.older))]
        more = request.build_absolute_uri(f"{reverse('search-api')}?{urlencode(parameters)}")
    return Response({"results": [_shown(request, hit) for hit in page.hits], "next": more})


def _pairs(request: Request) -> list[tuple[str, str]]:
    return [(name, value) for name, values in request.query_params.lists() for value in values]


def _shown(request: Request, hit: Hit) -> dict[str, Any]:
    return {
        "infohash": hit.infohash,
        "v1": hit.v1,
        "v2": hit.v2,
        "name": hit.name,
        "size": hit.size,
        "files": hit.files,
        "kind": str(hit.kind),
        "stored_at": hit.stored_at,
        "torrent": request.build_absolute_uri(f"/torrent/{hit.infohash}.torrent"),
        "magnet": magnet(hit.v1, hit.v2, hit.name, ()),
    }


def _refused(refusal: Refusal) -> Response:
    if isinstance(refusal, NotListed):
        return Response({"detail": str(refusal)}, status=404)
    return Response({"detail": str(refusal)}, status=503, headers={"Retry-After": str(_RETRY_AFTER)})
