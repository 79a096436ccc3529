"""What every route under /api/v1/ has in common."""

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
    """What was read of it, which nobody needs any more."""
    for name in ("_data", "_full_data"):
        setattr(request, name, None)


class RestView(APIView):
    """A route: its methods take plain values out of the request, ask the archive once, and wrap the answer."""

    renderer_classes: Sequence[type[BaseRenderer]] = (AsciiJsonRenderer,)
    parser_classes: Sequence[type[BaseParser]] = (LimitedJsonParser,)

    key: ApiKey | None = None
    key_text = ""

    def perform_authentication(self, request: Request) -> None:
        """A key need not be sent, but one that is sent must be right. Whoever guesses is counted as well."""
        self.key_text = key_text_from_request(request.META, request.query_params.get("apikey", ""))
        try:
            self.key = authorize_key(self.key_text) if self.key_text else None
        except NotAuthorized:
            enforce_rate_limit(request.META["REMOTE_ADDR"])
            raise

    def check_throttles(self, request: Request) -> None:
        enforce_rate_limit(request.META["REMOTE_ADDR"], self.key)

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """DRF's own would describe the route; there is a description of all of them."""
        return Response(status=204)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """DRF's request and view hold each other; megabytes of what was read would wait for the garbage collector."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        release_body(request)
        return answer

    def handle_exception(self, exc: Exception) -> Response:
        """The one place where what the archive refuses becomes an answer."""
        told = describe_exception(exc, self.request)
        if told is None:
            raise exc
        self.request.accepted_renderer = AsciiJsonRenderer()
        self.request.accepted_media_type = CONTENT_TYPE
        return Response(
            told.details, status=told.status, headers=told.headers, content_type=CONTENT_TYPE, exception=True
        )
