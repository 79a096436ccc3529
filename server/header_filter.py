"""Headers as far as somebody here needs them. What reads the rest of them can be led astray by it.

Python's email parser takes any charset, one that needs minutes among them, and fails over some parameters; its
cookie parser takes seconds for 55 KB of quotes (mended in Python 3.11.10).
"""

import re
from wsgiref.types import WSGIEnvironment

_KIND = re.compile(r"\s*([\w.+-]{1,100}/[\w.+-]{1,100})\s*(?:;|,|$)", re.ASCII)
_BOUNDARY = re.compile(r';\s*boundary\s*=\s*("[^"\r\n]{1,200}"|[^\s;",]{1,200})', re.ASCII | re.IGNORECASE)
_LONGEST = 1_000  # characters of a Content-Type: what is longer is none
_COOKIES = 8_192  # characters: a browser sends 4 KB of each at most, and we set two small ones


def tame(environ: WSGIEnvironment) -> None:
    """Of a Content-Type the media type and a form's boundary stay: all text here is UTF-8."""
    if kind := environ.get("CONTENT_TYPE"):
        environ["CONTENT_TYPE"] = _tamed(kind[:_LONGEST])
    if len(environ.get("HTTP_COOKIE", "")) > _COOKIES:
        del environ["HTTP_COOKIE"]


def _tamed(kind: str) -> str:
    media_type, boundary = _KIND.match(kind), _BOUNDARY.search(kind)
    if media_type is None:
        return ""
    return media_type[1] + (f"; boundary={boundary[1]}" if boundary else "")
