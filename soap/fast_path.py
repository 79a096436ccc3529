"""Calls without Django's middleware: they have no session and no page, and cost a fifth less without theirs."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

from django.db import close_old_connections

from soap.spyne_server import answer_calls, read_request
from soap.urls import urlpatterns
from soap.views import CONTENT_TYPE

_CALLS = frozenset(f"/{url.pattern}" for url in urlpatterns)

Answer = tuple[int, list[tuple[str, str]], bytes]  # status, headers, body


def receive(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes] | None:
    """The body of the answer, or None where Django is to answer. Takes its turn, as it works on the index."""
    if not is_call(environ):
        return None
    try:
        [(status, headers, body)] = receive_all([environ])
    finally:
        close_old_connections()
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]


def is_call(environ: WSGIEnvironment) -> bool:
    return environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] in _CALLS


def receive_all(environs: Sequence[WSGIEnvironment]) -> list[Answer]:
    """The answers to calls, whose torrents are stored together."""
    close_old_connections()
    answers = answer_calls([read_request(environ, environ["wsgi.input"]) for environ in environs])
    return [
        (status, [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))], body)
        for status, body in answers
    ]
