"""Read a multipart form (RFC 7578) as a stream: one file, and the text fields that are asked for.

It takes what browsers and old scripts send. The file's name is not looked at and may hold anything. A form that
ends without its last delimiter is accepted too, since the torrent itself tells whether it is whole.
"""

import binascii
from collections.abc import Container, Iterable
from tempfile import SpooledTemporaryFile
from typing import NamedTuple, Protocol

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

FORM_OVERHEAD = 100_000  # bytes that a form may have besides the torrent

_CHUNK = 65_536
_MAX_TEXT = 20_000  # bytes of a text field; a magnet link is the longest
_MAX_PARTS = 1_000  # as many as Django takes
_IN_MEMORY = 1_000_000  # bytes; a larger file waits on disk until all of it has come


class BrokenForm(Exception):
    """The body is no multipart form, or one that cannot be read."""


class SeveralFiles(Exception):
    """The field has more than one file, of which all but one would be lost silently."""


class FormReader(Protocol):
    """The body of a request."""

    def read(self, size: int, /) -> bytes: ...


class Form(NamedTuple):
    """`file`: None where the form has none in the field. `texts`: the text fields by their names."""

    file: bytes | None
    texts: dict[str, str]


def read_form(body: FormReader, content_type: str, file_field: str, text_fields: Iterable[str]) -> Form:
    """The file in the field `file_field`, and those of `text_fields` that are in the form.

    A body of any other Content-Type is an empty form, and is not read.

    Raises BrokenForm, SeveralFiles, and OSError where the client goes away.
    """
    media_type, options = parse_options_header(content_type)
    if media_type != "multipart/form-data":
        return Form(None, {})
    try:
        parser = PushMultipartParser(
            options.get("boundary", ""), header_charset="latin-1", max_segment_count=_MAX_PARTS
        )
        return _parse_form(parser, body, file_field, set(text_fields))
    except (MultipartError, UnicodeError):
        raise BrokenForm from None


def _parse_form(
    parser: PushMultipartParser, body: FormReader, file_field: str, text_fields: Container[str]
) -> Form:
    file_part: MultipartSegment | None = None
    is_in_file, text_field, texts = False, "", dict[str, bytes]()  # the part that is being read
    with SpooledTemporaryFile(_IN_MEMORY) as file:
        while not parser.closed and (chunk := body.read(_CHUNK)):
            for event in parser.parse(chunk):
                if isinstance(event, MultipartSegment):
                    text_field = event.name if event.name in text_fields else ""
                    if is_in_file := event.name == file_field and _is_file(event):
                        if file_part:
                            raise SeveralFiles
                        file_part = event
                elif is_in_file and event is not None:
                    file.write(event)
                elif text_field and event is not None:
                    texts[text_field] = (texts.get(text_field, b"") + event)[:_MAX_TEXT]
        file.seek(0)
        decoded = {name: text.decode(errors="replace") for name, text in texts.items()}
        return Form(None if file_part is None else _decode_file(file.read(), file_part), decoded)


def _is_file(part: MultipartSegment) -> bool:
    """Whether the part has a file name, in either spelling. A browser sends an empty one where no file was chosen."""
    return bool(part.filename) or "filename*=" in part["Content-Disposition"].lower()


def _decode_file(data: bytes, part: MultipartSegment) -> bytes:
    """Undo base64, which Python's email.mime writes, for one."""
    if part.header("Content-Transfer-Encoding", "").strip().lower() != "base64":
        return data
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        raise BrokenForm from None
