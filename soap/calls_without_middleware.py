"""SOAP calls without Django's middleware: they have no session and no page, and cost a fifth less without theirs."""

from collections.abc import Sequence
from wsgiref.types import WSGIEnvironment

from django.db import close_old_connections

from server.response_values import Response
from soap.answer_calls import answer_calls, read_request
from soap.urls import urlpatterns
from soap.views import CONTENT_TYPE

CALL_PATHS = frozenset(f"/{url.pattern}" for url in urlpatterns)


def is_call(environ: WSGIEnvironment) -> bool:
    return environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] in CALL_PATHS


def answer_requests(environs: Sequence[WSGIEnvironment]) -> list[Response]:
    """The responses to calls, whose torrents are stored together."""
    close_old_connections()
    answers = answer_calls([read_request(environ, environ["wsgi.input"]) for environ in environs])
    return [
        Response(status, [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))], body)
        for status, body in answers
    ]
