"""Lists come a page at a time, and each page says where the next one is."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.rest.query_parameters import int_parameter

MAX_PAGE = 200
_USUAL = 50
_LAST = 2**62  # no list is as long, and no database's numbers are shorter


def page_parameters(most: int) -> list[OpenApiParameter]:
    return [
        OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": most, "default": _USUAL}),
        OpenApiParameter(
            "cursor",
            {"type": "integer", "minimum": 0, "maximum": _LAST},
            description="Where to go on: from `next` of the page before. Not to be made up.",
        ),
    ]


PAGE_PARAMETERS = page_parameters(MAX_PAGE)


class Window(NamedTuple):
    """What is asked for: so many, from there on."""

    limit: int
    cursor: int | None


def read_window(request: Request, most: int = MAX_PAGE) -> Window:
    """Raises WrongParameter."""
    limit = int_parameter(request, "limit", 1, most)
    return Window(min(_USUAL, most) if limit is None else limit, int_parameter(request, "cursor", 0, _LAST))


def page_response(request: Request, results: Sequence[Any], cursor: int | None) -> Response:
    """`cursor`: where the next page begins, None at the end."""
    told: dict[str, Any] = {"results": results, "next": None}
    headers = {"Cache-Control": "no-store"}
    if cursor is not None:
        query = request.query_params.copy()
        query["cursor"] = str(cursor)
        query.pop("apikey", None)
        told["next"] = f"{request.build_absolute_uri(request.path)}?{query.urlencode()}"
        headers["Link"] = f'<{told["next"]}>; rel="next"'
    return Response(told, headers=headers)


def page_serializer(shape: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """What such a page looks like."""
    name = shape.__name__.removesuffix("Serializer")
    link = serializers.URLField(allow_null=True, help_text="The next page; null at the end.")
    return inline_serializer(f"{name}Page", {"results": shape(many=True), "next": link})
