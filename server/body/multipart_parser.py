"""Parse multipart/form-data (RFC 7578) as a stream, as leniently as PHP, for which old scripts were written.

    preamble ── delimiter ──▶ headers of a part ── empty line ──▶ its body ── delimiter ──▶ headers of the next …
                                                                                └── the last ──▶ epilogue

Every line may end in LF alone. Of a part's headers only those are looked at that a form needs; they may hold any
bytes, be folded, and be of any number. A form that breaks off is no error: what has come of its last part counts.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_MAX_HEADERS = 65_536  # bytes of the headers of one part
_MAX_PARTS = 1_000  # as many fields as Django takes
_MAX_PADDING = 200  # bytes of white space after a delimiter
_HEADERS_END = re.compile(rb"(?:\A|\n)\r?\n")
_MAYBE_AFTER_DELIMITER = re.compile(rb"-?|[ \t]*\r?")
_FOLD = re.compile(r"\r?\n[ \t]+")
# The value is quoted, with quotes in it escaped by backslashes, or reaches up to a semicolon, as in PHP.
_PARAMETER = re.compile(r';\s*([^\s=;"]{1,100})\s*=\s*(?:"((?:[^"\\]|\\.)*+)"|([^;]*+))', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')
_EXTENDED = re.compile(r"([^']*)'[^']*'(.*)", re.DOTALL)  # RFC 5987


class MalformedForm(Exception):
    """More parts, or longer headers, than a form has."""


class Part(NamedTuple):
    """The beginning of a part. `filename`: None where the part has none, and so is no file; it may be empty."""

    name: str
    filename: str | None
    is_base64: bool


Event = Part | bytes  # the beginning of a part, or more of its body


class _Place(Enum):
    PREAMBLE = auto()
    HEADERS = auto()
    BODY = auto()
    EPILOGUE = auto()


class MultipartParser:
    """One form. `boundary` is the parameter of its Content-Type."""

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"\n--" + boundary
        self._whole_delimiter = re.compile(re.escape(self._delimiter) + rb"(?:(--)|[ \t]*+\r?\n)")
        self._buffer = bytearray(b"\n")  # so that the first line may be a delimiter
        self._place = _Place.PREAMBLE
        self._part_count = 0
        self._lead = 0  # bytes at the beginning of the buffer that are not of the body

    @property
    def is_closed(self) -> bool:
        """Whether the last delimiter has come; what follows it is an epilogue."""
        return self._place is _Place.EPILOGUE

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events of these bytes. Raises MalformedForm."""
        self._buffer += chunk
        while self._place is not _Place.EPILOGUE:
            before = (self._place, len(self._buffer))
            if self._place is _Place.HEADERS:
                if (part := self._read_headers()) is not None:
                    yield part
            elif body := self._read_to_delimiter():
                yield body
            if before == (self._place, len(self._buffer)):
                return

    def close(self) -> bytes:
        """The end of a part whose delimiter never came, without what may be the beginning of one."""
        if self._place is not _Place.BODY:
            return b""
        start = self._buffer.rfind(b"\n")
        if start >= 0 and (self._delimiter + b"--").startswith(self._buffer[start:].rstrip(b"\r")):
            return self._line_before(start)
        return bytes(self._buffer[self._lead :])

    def _read_to_delimiter(self) -> bytes:
        """What there is of the body, up to the next delimiter, which is passed; of the preamble nothing.

        One search finds the first whole delimiter: a form may hold millions of longer boundaries that begin like it.
        """
        whole = self._whole_delimiter.search(self._buffer)
        if whole is None:
            start = self._buffer.rfind(self._delimiter)
            if start >= 0:
                rest = self._buffer[start + len(self._delimiter) :]
                if len(rest) < _MAX_PADDING and _MAYBE_AFTER_DELIMITER.fullmatch(rest):
                    return self._take(start - 1)  # the next bytes decide
            return self._take(len(self._buffer) - len(self._delimiter) - 1)
        body = self._line_before(whole.start()) if self._place is _Place.BODY else b""
        self._place = _Place.EPILOGUE if whole[1] else _Place.HEADERS
        del self._buffer[: whole.end()]
        self._lead = 0
        return body

    def _read_headers(self) -> Part | None:
        end = _HEADERS_END.search(self._buffer)
        if (end.start() if end else len(self._buffer)) > _MAX_HEADERS:
            raise MalformedForm
        if end is None:
            return None
        self._part_count += 1
        if self._part_count > _MAX_PARTS:
            raise MalformedForm
        part = _parse_headers(self._buffer[: end.start()].decode("utf-8", "replace"))
        del self._buffer[: end.end() - 1]  # the line feed stays: a delimiter may follow at once
        self._lead = 1
        self._place = _Place.BODY
        return part

    def _take(self, length: int) -> bytes:
        """Remove so many bytes from the buffer, and return them if they are of a body."""
        if length <= 0:
            return b""
        taken = bytes(self._buffer[self._lead : length])
        del self._buffer[:length]
        self._lead = 0
        return taken if self._place is _Place.BODY else b""

    def _line_before(self, line_feed: int) -> bytes:
        """What the buffer has before this line feed, and before the carriage return in front of it."""
        return bytes(self._buffer[self._lead : line_feed]).removesuffix(b"\r")


def _parse_headers(text: str) -> Part:
    headers: dict[str, str] = {}
    for line in _FOLD.sub(" ", text).split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    encoding = headers.get("content-transfer-encoding", "").lower()
    parameters: dict[str, str] = {}
    for match in _PARAMETER.finditer(";" + headers.get("content-disposition", "").partition(";")[2]):
        quoted, plain = match[2], match[3]
        value = _ESCAPED.sub(r"\1", quoted) if quoted is not None else plain.strip()
        parameters.setdefault(match[1].lower(), value)
    filename = _decode_extended(parameters.get("filename*", "")) or parameters.get("filename")
    return Part(parameters.get("name", ""), filename, encoding == "base64")


def _decode_extended(value: str) -> str:
    """A value as charset'language'text, with percent signs (RFC 5987); UTF-8, whatever charset it names."""
    match = _EXTENDED.fullmatch(value)
    return unquote_to_bytes(match[2] if match else value).decode("utf-8", "replace")
