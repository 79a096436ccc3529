"""What comes with a request is heard out before anybody works on it.

So who sends slowly, or stops, keeps a thread, of which there are many; never a turn, nor much memory.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO
from wsgiref.types import WSGIEnvironment

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

_HEARD = "hashkeep.heard"  # in environ
_CHUNK = 65_536
_IN_MEMORY = 65_536  # bytes of each; more goes to a temporary file
_LONGEST = 25 * settings.MAX_TORRENT_BYTES  # kept; no form that a door reads is longer
_KEPT = ("POST", "PUT", "PATCH")  # what comes with other requests, no door reads
_PATIENCE = 256_000_000  # bytes heard out and dropped: who is cut off while sending never reads why


class _Lost(BytesIO):
    """A body that there was no room for: whoever wants to read it is told as if its sender had gone away."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError("there is no room for what was sent")


def has_body(environ: WSGIEnvironment) -> bool:
    return environ.get("CONTENT_LENGTH", "0") not in ("", "0") or _is_chunked(environ)


def hear_out(environ: WSGIEnvironment) -> IO[bytes]:
    """Read what is still to come, once, and leave it as wsgi.input. Whoever has worked on it closes it."""
    heard: IO[bytes] | None = environ.get(_HEARD)
    if heard is None:
        heard = _heard(environ) if has_body(environ) else BytesIO()
        environ[_HEARD] = environ["wsgi.input"] = heard
    return heard


def contents(files: "Iterable[UploadedFile[bytes]]") -> Iterator[bytes]:
    """What a form's files hold, of a larger one a byte more than it may; each is closed as soon as it is read."""
    for file in files:
        yield file.read(settings.MAX_TORRENT_BYTES + 1)
        file.close()


def _heard(environ: WSGIEnvironment) -> IO[bytes]:
    heard: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  it goes with the request
    length, longest = 0, _LONGEST if environ["REQUEST_METHOD"].upper() in _KEPT else 0
    while length < _PATIENCE and (chunk := _next(environ["wsgi.input"])):
        try:
            if length < longest:
                heard.write(chunk)
        except OSError:  # the disk for temporary files is full
            heard.close()
            heard = _Lost()
        length += len(chunk)
    if _is_chunked(environ):  # Django takes a body without Content-Length for empty
        environ["CONTENT_LENGTH"] = str(length)
    heard.seek(0)
    return heard


def _next(body: IO[bytes]) -> bytes:
    with suppress(OSError):  # the caller has gone
        return body.read(_CHUNK)
    return b""


def _is_chunked(environ: WSGIEnvironment) -> bool:
    return str(environ.get("HTTP_TRANSFER_ENCODING", "")).lower().rpartition(",")[2].strip() == "chunked"
