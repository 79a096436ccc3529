"""The OpenAPI description of everything under /api/v1/, built from the routes themselves, and its own route."""

import re
from functools import cache
from typing import Any

from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.http.problem_details import CONTENT_TYPE, refusal_types
from api.rest.drf_error_types import request_error_types
from api.rest.renderers import AsciiJsonRenderer
from api.rest.view import RestView

_SENTENCE_END = re.compile(r"\.(?:\s|$)")
_DESCRIPTION = """\
Hashkeep keeps torrents for good, byte for byte, under their infohash. Wherever an infohash is asked for, any will do:
v1, v2 or truncated v2, in hex of either letter case or in base32.

Lists come a page at a time, the newest first: `next` is the URL of the next page. A request that cannot be fulfilled
is answered with problem details (RFC 9457), also where a status is not named below. Their `type` ends in a word for
programs; all words are told with the schema `Problem`, at the end.
"""
_TYPE_TABLE = """\
RFC 9457. `type` ends in a word for programs, `detail` is a sentence for people.

| word | status | meaning |
|---|---|---|
"""
_SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key, `hk_…`, that the operator has issued.",
    },
    "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "apikey", "description": "Ends up in logs."},
}
_TOO_LONG_RESPONSE = {"description": "The URL, or all headers, are longer than the web server takes."}
_DOCS_OPERATION = {
    "get": {
        "operationId": "docs",
        "description": "This description, to be read and tried out by people.",
        "tags": ["docs"],
        "responses": {
            "200": {"description": "A page.", "content": {"text/html": {"schema": {"type": "string"}}}}
        },
    }
}


def complete_schema(
    result: dict[str, Any], generator: SchemaGenerator, request: Request | None, public: bool
) -> dict[str, Any]:
    """Add what holds for every route. This is a postprocessing hook of drf-spectacular; it changes `result`."""
    result["paths"]["/api/v1/docs"] = _DOCS_OPERATION
    problem_schema = {"$ref": "#/components/schemas/Problem"}
    problem_response = {"description": "A problem.", "content": {CONTENT_TYPE: {"schema": problem_schema}}}
    for methods in result["paths"].values():
        for operation in methods.values():
            operation["responses"] |= {
                "414": _TOO_LONG_RESPONSE,
                "431": _TOO_LONG_RESPONSE,
                "default": problem_response,
            }
            operation.pop("security", None)
            first = _SENTENCE_END.split(operation["description"], maxsplit=1)[0]
            operation["summary"] = first.replace("`", "")  # plain text, where a description is Markdown
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
    result["components"]["securitySchemes"] = _SECURITY_SCHEMES
    result["security"] = [{}, *({name: []} for name in _SECURITY_SCHEMES)]
    result["info"]["description"] = _DESCRIPTION
    rows = (
        f"| `{type_word}` | {status} | {title} |"
        for type_word, (status, title) in (refusal_types() | request_error_types()).items()
    )
    result["components"]["schemas"]["Problem"]["description"] = _TYPE_TABLE + "\n".join(rows)
    return result


@cache
def build_schema() -> dict[str, Any]:
    """The OpenAPI document. It is the same for every caller, and takes a third of a second to build: it is cached."""
    routes = [path("api/v1/", include("api.rest.urls"))]  # other dialects have no OpenAPI
    return dict(SchemaGenerator(patterns=routes).get_schema(request=None, public=True))


class OpenApiRenderer(AsciiJsonRenderer):
    media_type = "application/vnd.oai.openapi+json"
    format = "openapi"


class SchemaView(RestView):
    renderer_classes = (OpenApiRenderer, AsciiJsonRenderer)

    @extend_schema(operation_id="schema", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """This description (OpenAPI 3.1)."""
        return Response(build_schema(), headers={"Cache-Control": "public, max-age=3600"})
