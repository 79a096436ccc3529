"""The view of one path of TorBox's API: it calls the function for the HTTP method, and answers refusals and CORS."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from api.http.cors_headers import cors_headers
from api.torbox.responses import TorboxError, error_response
from clients import ClientError
from metainfo.errors import Refusal

Method = Callable[..., HttpResponse]

_CORS = cors_headers(
    "GET, POST, PUT, DELETE, OPTIONS",
    "Authorization, Content-Type, If-None-Match, If-Range, Range",
    "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Link, Retry-After",
)


def method_view(**methods: Method) -> Method:
    """A view that calls one of `methods`, by their HTTP methods; HEAD is answered as GET."""

    @csrf_exempt
    def view(request: HttpRequest, **captured: str) -> HttpResponse:
        if request.method == "OPTIONS":
            response = HttpResponse(status=204)
        else:
            method = methods.get("GET" if request.method == "HEAD" else request.method or "")
            response = _call_method(method, request, captured)
        for name, value in _CORS.items():
            response.setdefault(name, value)
        return response

    return view


def unknown_endpoint(request: HttpRequest, **captured: str) -> HttpResponse:
    raise TorboxError("ENDPOINT_NOT_FOUND", "There is nothing at this address.", 404)


def _call_method(method: Method | None, request: HttpRequest, captured: dict[str, str]) -> HttpResponse:
    try:
        if method is None:
            raise TorboxError("ENDPOINT_NOT_FOUND", f"This address is not for {request.method}.", 405)
        return method(request, **captured)
    except (Refusal, ClientError) as error:
        return error_response(error, request)
