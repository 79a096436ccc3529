"""Removes from a request's headers what no view needs and what some parsers fail over.

Python's email parser, which Django and DRF use, takes any charset, one that needs minutes among them, and fails over
some parameters; its cookie parser takes seconds for 55 KB of quotes (mended in Python 3.11.10).
"""

import re
from wsgiref.types import WSGIEnvironment

from server.body.form import find_boundary

_MEDIA_TYPE = re.compile(r"\s*([\w.+-]{1,100}/[\w.+-]{1,100})\s*(?:[;,]|$|(?=boundary))", re.ASCII)
_LONGEST_CONTENT_TYPE = 1_000  # characters; what is longer counts as none
_LONGEST_COOKIE = 8_192  # characters: a browser sends 4 KB of each at most, and ours are two small ones


def filter_headers(environ: WSGIEnvironment) -> None:
    """Leave of a Content-Type the media type and a form's boundary (all text here is UTF-8), and no long cookie."""
    if content_type := environ.get("CONTENT_TYPE"):
        environ["CONTENT_TYPE"] = _filter_content_type(content_type[:_LONGEST_CONTENT_TYPE])
    if len(environ.get("HTTP_COOKIE", "")) > _LONGEST_COOKIE:
        del environ["HTTP_COOKIE"]


def _filter_content_type(content_type: str) -> str:
    media_type, boundary = _MEDIA_TYPE.match(content_type), find_boundary(content_type)
    if media_type is None:
        return ""
    return media_type[1] + (f'; boundary="{boundary}"' if boundary else "")
