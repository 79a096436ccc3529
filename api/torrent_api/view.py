"""The view of each method of the Torrent API: it checks the key and the rate, and answers every refusal."""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import SuspiciousOperation
from rest_framework.exceptions import APIException
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, FormParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.rest.parsers import LimitedJsonParser, UploadFormParser
from api.rest.renderers import AsciiJsonRenderer
from api.rest.view import release_body
from api.torrent_api.errors import WrongRequest, error_response, refusal_response
from api.torrent_api.parameters import read_parameter
from archive.access.api_keys import authorize_key, key_text_from_request
from archive.access.rate_limit import enforce_rate_limit
from archive.errors import NotAuthorized
from metainfo.errors import Refusal

Method = Callable[..., dict[str, Any]]

_MAX_REQUEST = 65_536  # bytes


class _JsonOnly(BaseContentNegotiation):
    """The response is JSON, whatever the request's Accept header says."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type or ""


class TorrentApiView(APIView):
    """`method` is called with the request, its API key and what the URL captured; `verb` is its HTTP method."""

    renderer_classes = (AsciiJsonRenderer,)
    parser_classes = (FormParser, UploadFormParser, LimitedJsonParser)
    content_negotiation_class = _JsonOnly
    verb = "GET"
    method: Method = staticmethod(dict)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method not in (self.verb, "HEAD" if self.verb == "GET" else self.verb):
            raise WrongRequest(f"This is for {self.verb}.")
        if int(request.META.get("CONTENT_LENGTH") or 0) > _MAX_REQUEST:
            raise WrongRequest(f"A request has at most {_MAX_REQUEST:,} bytes.")
        in_parameters = [read_parameter(request, name) for name in ("key", "apikey")]
        try:
            self.key = authorize_key(key_text_from_request(request.META, *in_parameters))
        except NotAuthorized:
            enforce_rate_limit(request.META["REMOTE_ADDR"])  # wrong keys count too: they may be guesses
            raise
        enforce_rate_limit(request.META["REMOTE_ADDR"], self.key)

    def get(self, request: Request, **captured: str) -> Response:
        return Response(self.method(request, self.key, **captured), headers={"Cache-Control": "no-store"})

    post = put = patch = delete = options = get

    def handle_exception(self, exc: Exception) -> Response:
        match exc:
            case Refusal():
                return refusal_response(exc)
            case APIException() | SuspiciousOperation():  # a form that cannot be read, or has too many fields
                return error_response("INVALID_REQUEST", "This request cannot be read.")
        raise exc

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        release_body(request)
        return final
