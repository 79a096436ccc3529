"""Pieces of a file, as somebody reads them."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

_PIECE = 65_536  # bytes; a slow reader keeps some ten of them in memory


def read_chunks(file: BinaryIO, part: range) -> Iterator[bytes]:
    """Exactly this part. Raises OSError where the file has become shorter: the connection then breaks off."""
    file.seek(part.start)
    left = len(part)
    while left:
        piece = file.read(min(left, _PIECE))
        if not piece:
            raise OSError("the file has become shorter")
        left -= len(piece)
        yield piece


class ClosingStream:
    """What PEP 3333 asks of a body that holds something: it is closed, whether it was read to its end or not."""

    def __init__(self, pieces: Iterator[bytes], ends: ExitStack) -> None:
        self._pieces, self._ends = pieces, ends

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        self._ends.close()
