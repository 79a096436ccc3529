"""Parse the body of a request, whatever its client made of it: a form or JSON, with TorBox's names of fields.

Some clients claim a form and name no boundary (npm @torbox/torbox-api), some write JSON into a JSON string (PyPI
torbox_api), some spell names as in `allowZip`, some send a form where others send JSON.
"""

import re
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import ParseError

from api.rest.parsers import LimitedJsonParser
from api.torbox.responses import TorboxError
from metainfo.errors import TooLarge
from server.body.form import FORM_OVERHEAD, BrokenForm, FormLimits, SeveralFiles, find_boundary, read_form

_MAX_BOUNDARY = 1_000  # bytes of the form's first line
_MAX_TEXT_BODY = 1_600_000  # bytes of a body without a file; LimitedJsonParser accepts as many
_MAX_FIELDS = 1_000
_MAX_TEXT = 20_000  # characters, as in a form; to parse a magnet link of a million would take seconds
_CAPITAL = re.compile("(?<=[a-z])([A-Z])")


class RequestFields(NamedTuple):
    """`fields` have names with underscores. Their values are text, or anything where the body was JSON."""

    fields: dict[str, Any]
    file: bytes | None = None
    is_json: bool = False

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        return str(value)[:_MAX_TEXT].strip() if isinstance(value, str | int | float) else ""

    def flag(self, name: str) -> bool:
        return is_true(self.text(name))


def is_true(text: str) -> bool:
    """Clients write True and 1 for `true`, too."""
    return text.lower() in ("true", "1", "on", "yes")


def parse_integer(text: str, name: str, digits: int = 18) -> int:
    """A whole number of at most so many digits; any database can hold 18. Raises TorboxError."""
    if not (text.isascii() and text.isdigit() and len(text) <= digits):
        raise TorboxError("INVALID_OPTION", f"`{name}` is a whole number.")
    return int(text)


def parse_body(request: HttpRequest, *names: str) -> RequestFields:
    """The text fields of these names, and the file in the form's field `file`. Raises TorboxError, TooLarge."""
    limit = settings.MAX_TORRENT_BYTES + FORM_OVERHEAD
    if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
        raise TooLarge(f"A request has at most {limit:,} bytes.")
    spellings = [spelling for name in names for spelling in {name, _to_camel_case(name)}]
    try:
        return _parse_any_body(request, spellings)
    except (BrokenForm, SeveralFiles, UnicodeError, ParseError, ValueError):
        raise TorboxError(
            "INVALID_OPTION", "What was sent is neither a form nor JSON that can be read."
        ) from None
    except OSError:  # the client has gone away
        raise TorboxError("INVALID_OPTION", "What was sent did not arrive.") from None


def _parse_any_body(request: HttpRequest, names: list[str]) -> RequestFields:
    first_line = request.readline(_MAX_BOUNDARY)
    content_type = request.META.get("CONTENT_TYPE", "")
    if content_type.startswith("multipart/"):
        if not find_boundary(content_type):
            boundary = first_line.strip().removeprefix(b"--").decode("latin-1")
            content_type = f'multipart/form-data; boundary="{boundary}"'
        limits = FormLimits(1, settings.MAX_TORRENT_BYTES)
        form = read_form(_RewoundBody(first_line, request), content_type, "file", limits, names)
        return RequestFields(_with_underscores(form.texts), form.file)
    text = first_line + request.read(_MAX_TEXT_BODY + 1 - len(first_line))
    if len(text) > _MAX_TEXT_BODY:
        raise TooLarge(f"Without a torrent, a request has at most {_MAX_TEXT_BODY:,} bytes.")
    if text.lstrip()[:1] in (b"{", b'"', b"["):
        return RequestFields(_with_underscores(_parse_json(text)), is_json=True)
    return RequestFields(_with_underscores(dict(parse_qsl(text.decode(), max_num_fields=_MAX_FIELDS))))


class _RewoundBody:
    """The whole body of a request whose first line has been read."""

    def __init__(self, first_line: bytes, rest: HttpRequest) -> None:
        self._first_line, self._rest = first_line, rest

    def read(self, size: int, /) -> bytes:
        line, self._first_line = self._first_line, b""
        return line or self._rest.read(size)


def _parse_json(text: bytes) -> dict[str, Any]:
    value = LimitedJsonParser().parse(BytesIO(text))
    if isinstance(value, str):
        value = LimitedJsonParser().parse(BytesIO(value.encode()))
    if not isinstance(value, dict):
        raise TorboxError("INVALID_OPTION", "Send a JSON object.")
    return value


def _with_underscores(fields: dict[str, Any]) -> dict[str, Any]:
    return {_CAPITAL.sub(r"_\1", name).lower(): value for name, value in fields.items()}


def _to_camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))
