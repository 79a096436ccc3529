"""The view class that every route under /api/v1/ inherits from: keys, rate limit, refusals, OPTIONS."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.http.problem_details import CONTENT_TYPE, describe_exception
from api.rest.parsers import LimitedJsonParser
from api.rest.renderers import AsciiJsonRenderer
from archive.access.api_keys import ApiKey, authorize_key, key_text_from_request
from archive.access.rate_limit import enforce_rate_limit
from archive.errors import NotAuthorized


def release_body(request: Request) -> None:
    """Drop the parsed body, which may be megabytes.

    DRF's request and view refer to each other, so the body would stay until the garbage collector runs. DRF has no
    public way to drop it.
    """
    for name in ("_data", "_full_data"):
        setattr(request, name, None)


class RestView(APIView):
    """A method of a route takes plain values out of the request, calls the archive once, and formats the answer.

    `key` is the caller's API key, None without one; `key_text` is its text, "" without one.
    """

    renderer_classes: Sequence[type[BaseRenderer]] = (AsciiJsonRenderer,)
    parser_classes: Sequence[type[BaseParser]] = (LimitedJsonParser,)

    key: ApiKey | None = None
    key_text = ""

    def perform_authentication(self, request: Request) -> None:
        """A key need not be sent, but one that is sent must be right. A wrong one counts for the rate limit."""
        self.key_text = key_text_from_request(request.META, request.query_params.get("apikey", ""))
        try:
            self.key = authorize_key(self.key_text) if self.key_text else None
        except NotAuthorized:
            enforce_rate_limit(request.META["REMOTE_ADDR"])
            raise

    def check_throttles(self, request: Request) -> None:
        enforce_rate_limit(request.META["REMOTE_ADDR"], self.key)

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """DRF's own answer would describe the route; the OpenAPI description does so for all of them."""
        return Response(status=204)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        release_body(request)
        return final

    def handle_exception(self, exc: Exception) -> Response:
        """Turn every refusal of the archive into problem details."""
        problem = describe_exception(exc, self.request)
        if problem is None:
            raise exc
        self.request.accepted_renderer = AsciiJsonRenderer()
        self.request.accepted_media_type = CONTENT_TYPE
        return Response(
            problem.details,
            status=problem.status,
            headers=problem.headers,
            content_type=CONTENT_TYPE,
            exception=True,
        )
