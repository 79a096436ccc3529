"""What every answer under /api/v1/ has, also those that no route of ours gives: CORS, and problems for errors."""

import json
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from api.http.problem_details import CONTENT_TYPE, build_problem

Handler = Callable[[HttpRequest], HttpResponse]

_HERE = "/api/v1/"
_READING = ("GET", "HEAD", "OPTIONS")
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": ", ".join(_READING),
    "Access-Control-Allow-Headers": "Authorization, If-None-Match, X-Api-Key",
    "Access-Control-Expose-Headers": "Content-Disposition, ETag, Link, Retry-After",
    "Access-Control-Max-Age": "86400",  # seconds
}
_WORDS = {
    400: "Something in this request was not as it should be; its Host header, perhaps.",
    404: "There is nothing at this address; /api/v1/docs tells what there is.",
    500: "It was not your fault, and it has been written down for whoever runs this archive.",
}


def add_cors_and_problems(handler: Handler) -> Handler:
    """Django middleware."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = handler(request)
        if request.path_info.startswith(_HERE):
            if response.status_code >= 400 and response["Content-Type"] != CONTENT_TYPE:
                _reword(response)
            if request.method in _READING:
                for name, value in _CORS.items():
                    response[name] = value
        return response

    return handle


def _reword(response: HttpResponse) -> None:
    """A page of HTML that says what went wrong, as a problem."""
    phrase = HTTPStatus(response.status_code).phrase
    details, _, headers = build_problem(
        response.status_code, phrase, _WORDS.get(response.status_code, phrase)
    )
    response.content = json.dumps(details)
    headers |= {"Content-Type": CONTENT_TYPE, "Content-Length": str(len(response.content))}
    for name, value in headers.items():
        response[name] = value
