"""Make a zip of a torrent's files while it is sent. Nothing is compressed, so its length is known beforehand."""

from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple

from zipstream import ZipStream

from api.files.open_client_files import UnopenedFile
from server.response_values import file_chunks


class SizedZip(NamedTuple):
    """`size`: bytes of all chunks together."""

    chunks: Generator[bytes, None, None]
    size: int


def zip_files(files: Iterable[UnopenedFile]) -> SizedZip:
    zip_ = ZipStream(sized=True)
    for each in files:
        # To Windows a backslash separates folders: in a name it could lead out of the folder that is unpacked to.
        zip_.add(_read_file(each), each.file.path.replace("\\", "_"), size=each.file.size)
    return SizedZip(iter(zip_), len(zip_))


def _read_file(unopened: UnopenedFile) -> Iterator[bytes]:
    with unopened.open().file as file:
        yield from file_chunks(file, range(unopened.file.size))
