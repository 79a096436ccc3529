"""Send a file in chunks, and close what the response holds open when it ends."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

_CHUNK = 65_536  # bytes; for a slow reader some ten chunks are in memory at once


def read_chunks(file: BinaryIO, byte_range: range) -> Iterator[bytes]:
    """Exactly these bytes. Raises OSError where the file has become shorter: the connection then breaks off."""
    file.seek(byte_range.start)
    left = len(byte_range)
    while left:
        chunk = file.read(min(left, _CHUNK))
        if not chunk:
            raise OSError("the file has become shorter")
        left -= len(chunk)
        yield chunk


class ClosingStream:
    """A WSGI body with a `close` (PEP 3333), which the server calls whether the body was read to its end or not."""

    def __init__(self, chunks: Iterator[bytes], cleanup: ExitStack) -> None:
        self._chunks, self._cleanup = chunks, cleanup

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        self._cleanup.close()
