"""Responses as plain values, and Django's own for a part of a file, which granian then sends."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO, NamedTuple

from django.http import StreamingHttpResponse

from server.rsgi_types import HeaderList

_CHUNK = 65_536  # bytes


class Response(NamedTuple):
    """A whole response."""

    status: int
    headers: HeaderList
    body: bytes


class FileRange(NamedTuple):
    """A response whose body is a part of an open file. `close` is called once, when it has been sent."""

    status: int
    headers: HeaderList
    file: BinaryIO
    part: range
    close: Callable[[], object]


class FileRangeResponse(StreamingHttpResponse):
    """Django's response whose body is a part of an open file, which is closed with the response.

    The application has granian send the file; another server iterates over its chunks.
    """

    def __init__(self, file: BinaryIO, part: range, on_close: Callable[[], object], **options: Any) -> None:
        super().__init__(file_chunks(file, part), **options)
        self.file, self.part, self._on_close = file, part, on_close

    def close(self) -> None:
        super().close()
        self.file.close()
        self._on_close()


class ClosingStream:
    """A body in chunks with a `close` (PEP 3333), which is called whether the body was read to its end or not."""

    def __init__(self, chunks: Iterator[bytes], cleanup: ExitStack) -> None:
        self._chunks, self._cleanup = chunks, cleanup

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        self._cleanup.close()


def file_chunks(file: BinaryIO, part: range) -> Iterator[bytes]:
    """Exactly this part. Raises OSError where the file has become shorter: the connection then breaks off."""
    file.seek(part.start)
    left = len(part)
    while left:
        chunk = file.read(min(left, _CHUNK))
        if not chunk:
            raise OSError("the file has become shorter")
        left -= len(chunk)
        yield chunk
