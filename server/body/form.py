"""Read multipart forms, of every route: the text fields, and the files of one field.

It takes what browsers and old scripts send. A form that ends without its last delimiter is accepted too, since the
torrent itself tells whether it is whole.
"""

import re
from collections.abc import Container, Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple, Protocol

import pybase64

from server.body.multipart_parser import MalformedForm, MultipartParser, Part

FORM_OVERHEAD = 100_000  # bytes that a form may have besides the torrent

_CHUNK = 65_536
_MAX_TEXT = 20_000  # bytes of a text field; a magnet link is the longest
_MAX_TEXTS = 2_500_000  # bytes of all text fields, as in Django
_IN_MEMORY = 1_000_000  # bytes; a larger file waits on disk until all of it has come
_BOUNDARY = re.compile(r'[;,\s]boundary\s*=\s*(?:"([^"]{1,200})"|([^;,"]{1,200}))', re.IGNORECASE)
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_SEPARATORS = re.compile(r"[/\\]")


class BrokenForm(Exception):
    """The body is no multipart form, or one that cannot be read."""


class SeveralFiles(Exception):
    """The field has more files than are wanted, which would be lost silently."""


class FormReader(Protocol):
    """The body of a request."""

    def read(self, size: int, /) -> bytes: ...


class FormFile:
    """A file of a form. `name`: without the folders that some browsers put before it; never empty."""

    def __init__(self, name: str, is_base64: bool) -> None:
        self.name = name
        self._is_base64 = is_base64
        self._file: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115

    def __del__(self) -> None:
        """A form that is refused leaves files that are never read."""
        self._file.close()

    def write(self, data: bytes, max_bytes: int) -> None:
        """Append to it, up to so many bytes in all; of base64 a third more."""
        room = (max_bytes * 3 // 2 if self._is_base64 else max_bytes) - self._file.tell()
        if room > 0:
            self._file.write(data[:room])

    def read(self) -> bytes:
        """The content, once. Base64, which Python's email.mime writes, for one, is undone."""
        with self._file as file:
            file.seek(0)
            data = file.read()
        return _decode_base64(data) if self._is_base64 else data


class Form(NamedTuple):
    """`texts`: the text fields by their names, of several of one name the last."""

    files: list[FormFile]
    texts: dict[str, str]

    @property
    def file(self) -> bytes | None:
        """The content of the one file, None where there is none. To be read once."""
        return self.files[0].read() if self.files else None


def read_files(files: Iterable[FormFile]) -> Iterator[bytes]:
    """The content of each file, one in memory at a time."""
    for file in files:
        yield file.read()


class FormLimits(NamedTuple):
    """`file_bytes`: of each file, one byte more is kept, so that the reader finds it too large."""

    files: int
    file_bytes: int


def find_boundary(content_type: str) -> str | None:
    """The boundary that a Content-Type names; None for another media type, or without one.

    One that is not quoted, but should be, reaches up to a comma or semicolon, as in PHP.
    """
    if not content_type.strip().lower().startswith("multipart/form-data"):
        return None
    match = _BOUNDARY.search(content_type)
    return (match[1] or match[2].strip()) if match else None


def read_form(
    body: FormReader,
    content_type: str,
    file_field: str,
    limits: FormLimits,
    texts: Container[str] | None = None,
) -> Form:
    """The files in the field `file_field`, and those of the fields `texts` that are in the form; without it, all.

    A part is a file if it has the name of one. A body of any other Content-Type is an empty form, and is not read.

    Raises BrokenForm, SeveralFiles, and OSError where the client goes away.
    """
    if not content_type.strip().lower().startswith("multipart/form-data"):
        return Form([], {})
    if not (boundary := find_boundary(content_type)):
        raise BrokenForm
    try:
        return _FormBuilder(file_field, limits, texts).build(MultipartParser(boundary.encode()), body)
    except (MalformedForm, UnicodeError):
        raise BrokenForm from None


class _FormBuilder:
    """Collects the parts of one form."""

    def __init__(self, file_field: str, limits: FormLimits, wanted_texts: Container[str] | None) -> None:
        self._file_field, self._limits, self._wanted_texts = file_field, limits, wanted_texts
        self._files: list[FormFile] = []
        self._texts: dict[str, bytearray] = {}
        self._text_bytes = 0
        self._part: FormFile | bytearray | None = None  # what the bytes that come next belong to

    def build(self, parser: MultipartParser, body: FormReader) -> Form:
        while not parser.is_closed and (chunk := body.read(_CHUNK)):
            for event in parser.feed(chunk):
                if isinstance(event, Part):
                    self._part = self._start_part(event)
                else:
                    self._add(event)
        self._add(parser.close())
        return Form(self._files, {name: text.decode(errors="replace") for name, text in self._texts.items()})

    def _start_part(self, part: Part) -> FormFile | bytearray | None:
        if part.filename is not None:
            if (
                part.name != self._file_field or not part.filename
            ):  # a browser's field in which none was chosen
                return None
            if len(self._files) == self._limits.files:
                raise SeveralFiles
            self._files.append(FormFile(_without_folders(part.filename), part.is_base64))
            return self._files[-1]
        if self._wanted_texts is not None and part.name not in self._wanted_texts:
            return None
        self._texts[part.name] = bytearray()
        return self._texts[part.name]

    def _add(self, data: bytes) -> None:
        if isinstance(self._part, FormFile):
            self._part.write(data, self._limits.file_bytes + 1)
        elif self._part is not None:
            self._text_bytes += len(data)
            if self._text_bytes > _MAX_TEXTS:
                raise BrokenForm
            self._part += data[: max(0, _MAX_TEXT - len(self._part))]


def _without_folders(filename: str) -> str:
    name = _SEPARATORS.split(filename)[-1].strip()
    return name if name not in ("", ".", "..") else "file"


def _decode_base64(data: bytes) -> bytes:
    """Whatever stands between the letters, and without a padding, as PHP decodes it; what is no base64, as it is."""
    letters = _NO_BASE64.sub(b"", data)
    if len(letters) % 4 == 1:
        return data
    return pybase64.b64decode(letters + b"=" * (-len(letters) % 4))
