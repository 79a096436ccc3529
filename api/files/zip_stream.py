"""All files of a torrent in one zip, made while it is sent; nothing is packed, so that its length is known before."""

from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple

from zipstream import ZipStream

from api.files.locate import Sealed
from api.http.file_stream import pieces


class Zipped(NamedTuple):
    pieces: Generator[bytes, None, None]
    size: int


def zipped(files: Iterable[Sealed]) -> Zipped:
    made = ZipStream(sized=True)
    for each in files:
        # To Windows a backslash parts folders, and who unpacks there should not be led astray.
        made.add(_content(each), each.file.path.replace("\\", "_"), size=each.file.size)
    return Zipped(iter(made), len(made))


def _content(sealed: Sealed) -> Iterator[bytes]:
    with sealed.open().file as file:
        yield from pieces(file, range(sealed.file.size))
