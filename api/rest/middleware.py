"""Django middleware for every response under /api/v1/, whichever code made it: CORS, and problems for errors.

Without it, an address that no route has, or a wrong Host header, would be answered with a page of HTML.
"""

import json
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from api.http.cors_headers import cors_headers
from api.http.problem_details import CONTENT_TYPE, build_problem

Handler = Callable[[HttpRequest], HttpResponse]

_PREFIX = "/api/v1/"
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_CORS = cors_headers(
    ", ".join(_SAFE_METHODS),
    "Authorization, If-None-Match, If-Range, Range, X-Api-Key",
    "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Link, Location, Retry-After",
)
_DETAILS = {
    400: "Something in this request was not as it should be; its Host header, perhaps.",
    404: "There is nothing at this address; /api/v1/docs tells what there is.",
    500: "It was not your fault, and it has been written down for whoever runs this archive.",
}


def add_cors_and_problems(handler: Handler) -> Handler:
    """The middleware, as Django's setting MIDDLEWARE wants it."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = handler(request)
        if request.path_info.startswith(_PREFIX):
            if response.status_code >= 400 and response["Content-Type"] != CONTENT_TYPE:
                _replace_with_problem(response)
            if request.method in _SAFE_METHODS:
                for name, value in _CORS.items():
                    response[name] = value
        return response

    return handle


def _replace_with_problem(response: HttpResponse) -> None:
    """Put problem details in the place of an error page of HTML."""
    phrase = HTTPStatus(response.status_code).phrase
    details, _, headers = build_problem(
        response.status_code, phrase, _DETAILS.get(response.status_code, phrase)
    )
    response.content = json.dumps(details)
    headers |= {"Content-Type": CONTENT_TYPE, "Content-Length": str(len(response.content))}
    for name, value in headers.items():
        response[name] = value
