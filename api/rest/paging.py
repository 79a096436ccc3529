"""Lists in pages: the parameters `limit` and `cursor`, and a response that has the URL of the next page.

A cursor is a number that only the route understands that made it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.rest.query_parameters import int_parameter

MAX_PAGE = 200
_DEFAULT_PAGE = 50
_MAX_CURSOR = 2**62  # more than any list has, and no more than any database's numbers hold


def page_parameters(max_page: int) -> list[OpenApiParameter]:
    """The two parameters, as the OpenAPI description has them."""
    return [
        OpenApiParameter(
            "limit", {"type": "integer", "minimum": 1, "maximum": max_page, "default": _DEFAULT_PAGE}
        ),
        OpenApiParameter(
            "cursor",
            {"type": "integer", "minimum": 0, "maximum": _MAX_CURSOR},
            description="Where to go on: from `next` of the page before. Not to be made up.",
        ),
    ]


PAGE_PARAMETERS = page_parameters(MAX_PAGE)


class PageRequest(NamedTuple):
    """The page that a request asks for: at most `limit` items, from `cursor` on; None: from the beginning."""

    limit: int
    cursor: int | None


def read_page_request(request: Request, max_page: int = MAX_PAGE) -> PageRequest:
    """Raises WrongParameter."""
    limit = int_parameter(request, "limit", 1, max_page)
    return PageRequest(
        min(_DEFAULT_PAGE, max_page) if limit is None else limit,
        int_parameter(request, "cursor", 0, _MAX_CURSOR),
    )


def page_response(request: Request, results: Sequence[Any], cursor: int | None) -> Response:
    """`cursor`: where the next page begins, None on the last page. The URL of the next page never has an API key."""
    page: dict[str, Any] = {"results": results, "next": None}
    headers = {"Cache-Control": "no-store"}
    if cursor is not None:
        query = request.query_params.copy()
        query["cursor"] = str(cursor)
        query.pop("apikey", None)
        page["next"] = f"{request.build_absolute_uri(request.path)}?{query.urlencode()}"
        headers["Link"] = f'<{page["next"]}>; rel="next"'
    return Response(page, headers=headers)


def page_serializer(item: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """A page of such items, for the OpenAPI description."""
    name = item.__name__.removesuffix("Serializer")
    link = serializers.URLField(allow_null=True, help_text="The next page; null at the end.")
    return inline_serializer(f"{name}Page", {"results": item(many=True), "next": link})
