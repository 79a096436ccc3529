"""What a request carries, however its client came to write it down.

Some claim a form and name no boundary (npm @torbox/torbox-api), some write JSON into a JSON string (PyPI torbox_api),
some spell names as in `allowZip`, some send a form where others send JSON.
"""

import re
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import ParseError

from api.http.multipart import FORM_OVERHEAD, BrokenForm, read_form
from api.rest.parsers import LimitedJsonParser
from api.torbox.responses import TorboxError
from metainfo.errors import TooLarge

_LINE = 1_000  # bytes that a boundary may have
_TEXT = 1_600_000  # bytes of what is no form with files; JsonBody takes as many
_FIELDS = 1_000
_WORD = (
    20_000  # characters of a text, as in a form: whoever reads a link of a million works on it for seconds
)
_CAPITAL = re.compile("(?<=[a-z])([A-Z])")


class RequestFields(NamedTuple):
    """`fields` go by names with underscores; they hold text, but what came as JSON may hold anything."""

    fields: dict[str, Any]
    file: bytes | None = None

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        return str(value)[:_WORD].strip() if isinstance(value, str | int | float) else ""

    def flag(self, name: str) -> bool:
        return is_true(self.text(name))


def is_true(text: str) -> bool:
    """`true` is also written True and 1."""
    return text.lower() in ("true", "1", "on", "yes")


def parse_integer(text: str, name: str, digits: int = 18) -> int:
    """A number that any database can hold, if it has no more digits than that. Raises Failed."""
    if not (text.isascii() and text.isdigit() and len(text) <= digits):
        raise TorboxError("INVALID_OPTION", f"`{name}` is a whole number.")
    return int(text)


def parse_body(request: HttpRequest, *names: str) -> RequestFields:
    """What is in these fields, and in the form's field `file`. Raises Failed, TooLarge."""
    limit = settings.MAX_TORRENT_BYTES + FORM_OVERHEAD
    if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
        raise TooLarge(f"A request has at most {limit:,} bytes.")
    try:
        return _given(request, [spelling for name in names for spelling in {name, _camel(name)}])
    except (BrokenForm, UnicodeError, ParseError, ValueError):
        raise TorboxError(
            "INVALID_OPTION", "What was sent is neither a form nor JSON that can be read."
        ) from None
    except OSError:  # the caller has gone
        raise TorboxError("INVALID_OPTION", "What was sent did not arrive.") from None


def _given(request: HttpRequest, names: list[str]) -> RequestFields:
    line = request.readline(_LINE)
    kind = request.META.get("CONTENT_TYPE", "")
    if kind.startswith("multipart/"):
        if "boundary=" not in kind:
            kind = f"multipart/form-data; boundary={line.strip().removeprefix(b'--').decode('latin-1')}"
        form = read_form(_Whole(line, request), kind, "file", names)
        return RequestFields(_spelled(form.texts), form.file)
    text = line + request.read(_TEXT + 1 - len(line))
    if len(text) > _TEXT:
        raise TooLarge(f"Without a torrent, a request has at most {_TEXT:,} bytes.")
    if text.lstrip()[:1] in (b"{", b'"', b"["):
        return RequestFields(_spelled(_json(text)))
    return RequestFields(_spelled(dict(parse_qsl(text.decode(), max_num_fields=_FIELDS))))


class _Whole:
    """The request, with the line that was read of it."""

    def __init__(self, line: bytes, rest: HttpRequest) -> None:
        self._line, self._rest = line, rest

    def read(self, size: int, /) -> bytes:
        line, self._line = self._line, b""
        return line or self._rest.read(size)


def _json(text: bytes) -> dict[str, Any]:
    told = LimitedJsonParser().parse(BytesIO(text))
    if isinstance(told, str):
        told = LimitedJsonParser().parse(BytesIO(told.encode()))
    if not isinstance(told, dict):
        raise TorboxError("INVALID_OPTION", "Send a JSON object.")
    return told


def _spelled(fields: dict[str, Any]) -> dict[str, Any]:
    return {_CAPITAL.sub(r"_\1", name).lower(): value for name, value in fields.items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))
