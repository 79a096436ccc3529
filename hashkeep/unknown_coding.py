"""Refuse a request whose body has a content coding that is not known: 415, in the form of the route's dialect.

RFC 9110, 15.5.16: the response says in Accept-Encoding which codings there could be.
"""

import json
from http import HTTPStatus
from wsgiref.types import WSGIEnvironment

from django.http import HttpRequest

from api.fast_path import is_upload
from api.http.problem_details import CONTENT_TYPE as PROBLEM
from api.http.problem_details import build_problem
from api.torbox.responses import TorboxError, error_response
from api.torrage.upload import refuse_request
from server.body.content_coding import ACCEPT_ENCODING, content_codings, is_unknown
from server.environ import has_body
from server.response_values import Response
from server.rsgi_types import HeaderList
from soap.answer_calls import write_fault
from soap.calls_without_middleware import is_call
from soap.views import CONTENT_TYPE as SOAP
from web.page_response import render_page

_STATUS = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
_HTML = "text/html; charset=utf-8"


def refuse_unknown_coding(environ: WSGIEnvironment) -> Response | None:
    """The response; None where the body can be read, or where there is none."""
    if not has_body(environ) or not is_unknown(content_codings(environ)):
        return None
    reason = f"This archive does not know that Content-Encoding; there are {ACCEPT_ENCODING}."
    headers, body = _format_refusal(environ, reason)
    more = [
        ("Accept-Encoding", ACCEPT_ENCODING),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    kept = [(name, value) for name, value in headers if name not in dict(more)]
    return Response(_STATUS, kept + more, body)


def _format_refusal(environ: WSGIEnvironment, reason: str) -> tuple[HeaderList, bytes]:
    path = environ["PATH_INFO"]
    if is_call(environ):
        return [("Content-Type", SOAP)], write_fault(reason)
    if is_upload(environ):
        body, headers = refuse_request(reason)
        return list(headers.items()), body
    if path.startswith("/api/v1/"):
        problem = build_problem(_STATUS, _STATUS.phrase, reason, "unsupported-media-type")
        return [("Content-Type", PROBLEM)], json.dumps(problem.details).encode()
    if path.startswith("/v1/"):
        response = error_response(TorboxError("INVALID_OPTION", reason, _STATUS), HttpRequest())
        return list(response.items()), response.content
    if path == "/torrent/add":
        answer = {"error": "INVALID_REQUEST", "message": reason}
        return [("Content-Type", "application/json")], json.dumps(answer).encode()
    context = {"title": "That cannot be unpacked", "refusal": reason, "status": int(_STATUS), "query": ""}
    return [("Content-Type", _HTML)], render_page("error.html", context, _STATUS).content
