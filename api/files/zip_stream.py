"""All files of a torrent in one zip, made while it is sent; nothing is packed, so that its length is known before."""

from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple

from zipstream import ZipStream

from api.files.locate import UnopenedFile
from api.http.file_stream import read_chunks


class SizedZip(NamedTuple):
    chunks: Generator[bytes, None, None]
    size: int


def zip_files(files: Iterable[UnopenedFile]) -> SizedZip:
    made = ZipStream(sized=True)
    for each in files:
        # To Windows a backslash parts folders, and who unpacks there should not be led astray.
        made.add(_content(each), each.file.path.replace("\\", "_"), size=each.file.size)
    return SizedZip(iter(made), len(made))


def _content(sealed: UnopenedFile) -> Iterator[bytes]:
    with sealed.open().file as file:
        yield from read_chunks(file, range(sealed.file.size))
