"""The one file of a form, and perhaps words beside it, as browsers and old scripts send it (RFC 7578), as a stream.

Whatever its name is made of, the file is taken: nobody asks for the name. A form that ends without its last
delimiter is taken too, since the torrent itself tells whether it is whole.
"""

import binascii
from collections.abc import Container, Iterable
from tempfile import SpooledTemporaryFile
from typing import NamedTuple, Protocol

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

_CHUNK = 65_536
_WORD = 20_000  # bytes: a magnet link
_PARTS = 1_000  # as many as Django takes
_IN_MEMORY = 1_000_000  # bytes; what is longer waits on disk until all of it has come


class BrokenForm(Exception):
    """It is no multipart form, or not one that anybody could read."""


class SeveralFiles(Exception):
    """There is room for one: the others would be lost without a word."""


class FormReader(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Form(NamedTuple):
    """`file`: None where there is none."""

    file: bytes | None
    words: dict[str, str]


def read_form(body: FormReader, kind: str, file: str, words: Iterable[str]) -> Form:
    """The file in the field `file`, and the texts of those `words` that are there.

    `kind`: the request's Content-Type.

    Raises BrokenForm, SeveralFiles, and OSError where the caller goes away.
    """
    media_type, options = parse_options_header(kind)
    if media_type != "multipart/form-data":
        return Form(None, {})
    try:
        parser = PushMultipartParser(
            options.get("boundary", ""), header_charset="latin-1", max_segment_count=_PARTS
        )
        return _read(parser, body, file, set(words))
    except (MultipartError, UnicodeError):
        raise BrokenForm from None


def _read(parser: PushMultipartParser, body: FormReader, field: str, others: Container[str]) -> Form:
    found: MultipartSegment | None = None
    ours, beside, words = False, "", dict[str, bytes]()
    with SpooledTemporaryFile(_IN_MEMORY) as file:
        while not parser.closed and (chunk := body.read(_CHUNK)):
            for event in parser.parse(chunk):
                if isinstance(event, MultipartSegment):
                    beside = event.name if event.name in others else ""
                    if ours := event.name == field and _is_file(event):
                        if found:
                            raise SeveralFiles
                        found = event
                elif ours and event is not None:
                    file.write(event)
                elif beside and event is not None:
                    words[beside] = (words.get(beside, b"") + event)[:_WORD]
        file.seek(0)
        texts = {name: word.decode(errors="replace") for name, word in words.items()}
        return Form(None if found is None else _decoded(file.read(), found), texts)


def _is_file(part: MultipartSegment) -> bool:
    """By a file name in either spelling. A browser sends an empty one where no file was chosen."""
    return bool(part.filename) or "filename*=" in part["Content-Disposition"].lower()


def _decoded(data: bytes, part: MultipartSegment) -> bytes:
    """Python's email.mime, for one, writes base64."""
    if part.header("Content-Transfer-Encoding", "").strip().lower() != "base64":
        return data
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        raise BrokenForm from None
