"""Torrents out of folders and archives, one at a time, so that memory does not grow with what there is to read.

Only a zip's table of contents is held whole, since the standard library reads it so: 0.7 KB a member.
"""

import bz2
import gzip
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import IO, Any, NamedTuple, cast

from metainfo.decompress import decompress_torrent
from metainfo.errors import Refusal

_TORRENT = (".torrent", ".torrent.gz", ".torrent.bz2")
_TAR = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
_ZIP = (".zip",)
_PACKED = (".gz", ".bz2", ".xz")  # a torrent or a tar: the bytes tell
_ARCHIVE = (*_TAR, *_ZIP, *_PACKED)
_OPENERS: dict[bytes, Callable[[Any], Any]] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}
_BLOCK = 512  # tar's unit
_HEADER = 1_000_000  # bytes: more than any honest header of a tar's member has
_BROKEN = (
    *(OSError, EOFError, ValueError, RuntimeError, struct.error),
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


class TorrentFile(NamedTuple):
    """A file that claims to be a torrent, unpacked if it can be. Cut off one byte after the most that may be."""

    path: str  # a member of an archive is named as if the archive were a folder
    torrent: bytes


class UnreadableFile(NamedTuple):
    """A file or folder whose torrents, or the rest of them, could not be had."""

    path: str
    why: str


class TorrentFiles:
    """Iterate over what lies under the paths: folders with all that is in them, archives, torrents.

    In a folder or archive a torrent is what is called one; a path that was given itself is believed to be one.
    Links to files are followed, links to folders are not: they may lead in a circle.
    """

    def __init__(self, paths: Sequence[str], max_bytes: int) -> None:
        self.paths = paths
        self.max_bytes = max_bytes
        self.read = 0  # how many of total() bytes are behind us
        self.passed = 0  # files that were not opened: their names are no torrent's and no archive's

    def total(self) -> int:
        """How many bytes there are to read; looks at every folder, which is quick compared with reading."""
        size = 0
        for file in self._files():
            with suppress(OSError):
                size += os.stat(file).st_size if isinstance(file, str) else 0
        return size

    def __iter__(self) -> Iterator[TorrentFile | UnreadableFile]:
        for file in self._files():
            if file is None:
                self.passed += 1
                continue
            if isinstance(file, UnreadableFile):
                yield file
                continue
            try:
                with open(file, "rb") as opened:
                    yield from self._follow(file, opened)
            except _BROKEN as broken:
                yield UnreadableFile(file, _reason(broken))

    def _files(self) -> Iterator[str | UnreadableFile | None]:
        for path in self.paths:
            if os.path.isdir(path):
                yield from _walk(path)
            else:
                yield path

    def _follow(self, path: str, file: IO[bytes]) -> Iterator[TorrentFile | UnreadableFile]:
        before, size = self.read, os.fstat(file.fileno()).st_size
        try:
            for item in self._contents(path, file):
                self.read = before + min(file.tell(), size)
                yield item
        finally:
            self.read = before + size

    def _contents(self, path: str, file: IO[bytes]) -> Iterator[TorrentFile | UnreadableFile]:
        name = path.lower()
        if name.endswith(_TORRENT) or not name.endswith(_ARCHIVE):
            yield self._found(path, file, os.fstat(file.fileno()).st_size)
        elif name.endswith(_ZIP):
            yield from self._unzip(path, file)
        else:
            yield from self._untar(path, _plain(file), name.endswith(_TAR))

    def _untar(self, path: str, file: IO[bytes], surely: bool) -> Iterator[TorrentFile | UnreadableFile]:
        if not surely and not _is_tar(file):
            yield self._found(path, file, self.max_bytes)
            return
        blocks = _Blocks(file, max(self.max_bytes + 1, _HEADER))
        with _Tar(fileobj=cast(IO[bytes], blocks)) as archive:
            while member := archive.next():
                archive.members.clear()
                if member.isfile() and (inside := archive.extractfile(member)):
                    yield from self._member(f"{path}/{member.name}", inside, member.size)
        if not blocks.ended:
            yield UnreadableFile(
                path, "It breaks off, or is damaged: there may be more in it than could be read."
            )

    def _unzip(self, path: str, file: IO[bytes]) -> Iterator[TorrentFile | UnreadableFile]:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                inside = f"{path}/{member.filename}"
                if member.is_dir():
                    continue
                if not member.filename.lower().endswith(_TORRENT + _ARCHIVE):
                    self.passed += 1
                    continue
                if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    # The standard library unpacks these without a bound on memory.
                    yield UnreadableFile(
                        inside, f"Its way of compression ({member.compress_type}) is not supported."
                    )
                    continue
                try:
                    with archive.open(member) as opened:
                        yield from self._member(inside, opened, member.file_size)
                except _BROKEN as broken:
                    yield UnreadableFile(inside, _reason(broken))

    def _member(self, path: str, file: IO[bytes], size: int) -> Iterator[TorrentFile | UnreadableFile]:
        name = path.lower()
        if name.endswith(_TORRENT):
            yield self._found(path, file, size)
        elif name.endswith(_ARCHIVE):
            yield UnreadableFile(
                path, "It is an archive within an archive: please unpack the outer one first."
            )
        else:
            self.passed += 1

    def _found(self, path: str, file: IO[bytes], size: int) -> TorrentFile:
        """Unpacked here, so that the size of a batch is what it takes in memory."""
        data = file.read(min(size, self.max_bytes) + 1)
        with suppress(Refusal):  # who takes the torrent in will say the same of it
            data = decompress_torrent(data, self.max_bytes)
        return TorrentFile(path, data)


class _Tar(tarfile.TarFile):
    members: list[tarfile.TarInfo]  # every one that was met, unless it is made to forget


class _Blocks:
    """What tarfile reads from. The headers of a tar may claim any size, also a negative one: CVE-2025-8194."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file, self._most = file, most
        self._last = b""
        self.tell = file.tell

    def read(self, size: int) -> bytes:
        if size > self._most:
            raise tarfile.ReadError(f"A header in it claims to have {size:,} bytes.")
        self._last = self._file.read(size)
        return self._last

    def seek(self, position: int) -> None:
        if position < self.tell():
            raise tarfile.ReadError("It leads back to where it has been read already.")
        self._file.seek(position)

    @property
    def ended(self) -> bool:
        """Was the last thing read the end mark? tarfile takes a damaged header for the end, without a word."""
        return self._last == bytes(_BLOCK)


def _walk(folder: str) -> Iterator[str | UnreadableFile | None]:
    """None is a file that is passed over."""
    pending = [folder]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        yield _entry(entry)
        except OSError as error:
            yield UnreadableFile(folder, _reason(error))


def _entry(entry: os.DirEntry[str]) -> str | UnreadableFile | None:
    try:
        if entry.is_symlink() and entry.is_dir():
            return UnreadableFile(entry.path, "A link to a folder is not followed; you may name it yourself.")
        if not entry.name.lower().endswith(_TORRENT + _ARCHIVE):
            return None
        return (
            entry.path if entry.is_file() else UnreadableFile(entry.path, "It is no file, or a link to none.")
        )
    except OSError as error:
        return UnreadableFile(entry.path, _reason(error))


def _plain(file: IO[bytes]) -> IO[bytes]:
    """The file as it was before it was packed, whatever its name says."""
    opener = _OPENERS.get(file.read(2))
    file.seek(0)
    return cast(IO[bytes], opener(file)) if opener else file


def _is_tar(file: IO[bytes]) -> bool:
    head = file.read(_BLOCK)
    file.seek(0)
    return head[257:262] == b"ustar"


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
