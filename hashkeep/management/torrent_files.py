"""Reads torrent files out of folders, tar and zip archives, one at a time.

Memory does not grow with the number of files, with one exception: the standard library holds a zip's table of
contents as a whole, which takes 0.7 KB a member. What comes of a path:

  TorrentFile      the bytes of a file or member whose name is a torrent's, or of a path given by the operator
  UnreadableFile   a file, folder or archive that could not be read, or not to its end
  skipped          counted only: the name is neither a torrent's nor an archive's
"""

import bz2
import gzip
import lzma
import os
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import IO, Any, NamedTuple, cast

from metainfo.decompress import decompress_torrent
from metainfo.errors import Refusal

# Watch folders and editors put a word behind the name: .torrent.added, .loaded, .invalid, .imported, .torrent~
_TORRENT_NAME = re.compile(r"\.torrent(?:[.~ _(-][^/]{0,60})?$", re.IGNORECASE)
_TAR_SUFFIXES = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
_ZIP_SUFFIXES = (".zip",)
_COMPRESSED_SUFFIXES = (".gz", ".bz2", ".xz")  # of one torrent or of a tar: its first bytes decide
_ARCHIVE_SUFFIXES = (*_TAR_SUFFIXES, *_ZIP_SUFFIXES, *_COMPRESSED_SUFFIXES)
_OPENERS: dict[bytes, Callable[[Any], Any]] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}
_BLOCK = 512  # bytes: the unit of tar
_MAX_HEADER = 1_000_000  # bytes: more than the header of any real member of a tar
_READ_ERRORS = (
    *(OSError, EOFError, ValueError, RuntimeError, struct.error),
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


class TorrentFile(NamedTuple):
    """A file that claims to be a torrent, decompressed if possible; cut off at one byte above the size limit."""

    path: str  # of a member of an archive: as if the archive were a folder
    torrent: bytes


class UnreadableFile(NamedTuple):
    """A file or folder whose torrents, or the rest of them, could not be read, and the reason."""

    path: str
    reason: str


class TorrentFiles:
    """Iterates over the torrents below some paths: of folders with everything in them, archives and single files.

    In a folder or an archive the name decides what is a torrent; a path in `paths` is one whatever its name.
    Links to files are followed. Links to folders are not: they may lead in a circle.
    """

    def __init__(self, paths: Sequence[str], max_bytes: int) -> None:
        self.paths = paths
        self.max_bytes = max_bytes
        self.bytes_read = 0  # out of total_bytes()
        self.skipped = 0  # files that were not opened: neither a torrent's name nor an archive's

    def total_bytes(self) -> int:
        """How many bytes there are to read. Lists every folder, which is quick compared with reading the files."""
        size = 0
        for file in self._walk_paths():
            with suppress(OSError):
                size += os.stat(file).st_size if isinstance(file, str) else 0
        return size

    def __iter__(self) -> Iterator[TorrentFile | UnreadableFile]:
        for file in self._walk_paths():
            if file is None:
                self.skipped += 1
                continue
            if isinstance(file, UnreadableFile):
                yield file
                continue
            try:
                with open(file, "rb") as opened:
                    yield from self._read_file(file, opened)
            except _READ_ERRORS as broken:
                yield UnreadableFile(file, _describe_error(broken))

    def _walk_paths(self) -> Iterator[str | UnreadableFile | None]:
        for path in self.paths:
            if os.path.isdir(path):
                yield from _walk_folder(path)
            else:
                yield path

    def _read_file(self, path: str, file: IO[bytes]) -> Iterator[TorrentFile | UnreadableFile]:
        before, size = self.bytes_read, os.fstat(file.fileno()).st_size
        try:
            for item in self._read_by_name(path, file):
                self.bytes_read = before + min(file.tell(), size)
                yield item
        finally:
            self.bytes_read = before + size

    def _read_by_name(self, path: str, file: IO[bytes]) -> Iterator[TorrentFile | UnreadableFile]:
        name = path.lower()
        if _is_torrent_name(name) or not name.endswith(_ARCHIVE_SUFFIXES):
            yield self._read_torrent(path, file, os.fstat(file.fileno()).st_size)
        elif name.endswith(_ZIP_SUFFIXES):
            yield from self._read_zip(path, file)
        else:
            yield from self._read_tar(path, _open_decompressed(file), name.endswith(_TAR_SUFFIXES))

    def _read_tar(
        self, path: str, file: IO[bytes], is_surely_tar: bool
    ) -> Iterator[TorrentFile | UnreadableFile]:
        if not is_surely_tar and not _is_tar(file):
            yield self._read_torrent(path, file, self.max_bytes)
            return
        tar_input = _TarInput(file, max(self.max_bytes + 1, _MAX_HEADER))
        with _TarFile(fileobj=cast(IO[bytes], tar_input)) as archive:
            while member := archive.next():
                archive.members.clear()
                if member.isfile() and (inside := archive.extractfile(member)):
                    yield from self._read_member(f"{path}/{member.name}", inside, member.size)
        if not tar_input.has_end_mark:
            yield UnreadableFile(
                path, "It breaks off, or is damaged: there may be more in it than could be read."
            )

    def _read_zip(self, path: str, file: IO[bytes]) -> Iterator[TorrentFile | UnreadableFile]:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                inside = f"{path}/{member.filename}"
                if member.is_dir():
                    continue
                if not _is_of_interest(member.filename):
                    self.skipped += 1
                    continue
                if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    # The standard library unpacks these without a bound on memory.
                    yield UnreadableFile(
                        inside, f"Its way of compression ({member.compress_type}) is not supported."
                    )
                    continue
                try:
                    with archive.open(member) as opened:
                        yield from self._read_member(inside, opened, member.file_size)
                except _READ_ERRORS as broken:
                    yield UnreadableFile(inside, _describe_error(broken))

    def _read_member(self, path: str, file: IO[bytes], size: int) -> Iterator[TorrentFile | UnreadableFile]:
        name = path.lower()
        if _is_torrent_name(name):
            yield self._read_torrent(path, file, size)
        elif name.endswith(_ARCHIVE_SUFFIXES):
            yield UnreadableFile(
                path, "It is an archive within an archive: please unpack the outer one first."
            )
        else:
            self.skipped += 1

    def _read_torrent(self, path: str, file: IO[bytes], size: int) -> TorrentFile:
        """Decompresses the torrent at once, so that the size of a batch is the memory it takes."""
        data = file.read(min(size, self.max_bytes) + 1)
        with suppress(Refusal):  # the deposit refuses the compressed bytes in the same words
            data = decompress_torrent(data, self.max_bytes)
        return TorrentFile(path, data)


class _TarFile(tarfile.TarFile):
    members: list[tarfile.TarInfo]  # tarfile keeps every member it has read here, unless the list is cleared


class _TarInput:
    """The file that tarfile reads, with bounds: a header may claim any size, also a negative one (CVE-2025-8194)."""

    def __init__(self, file: IO[bytes], max_read: int) -> None:
        self._file, self._max_read = file, max_read
        self._last_read = b""
        self.tell = file.tell

    def read(self, size: int) -> bytes:
        if size > self._max_read:
            raise tarfile.ReadError(f"A header in it claims to have {size:,} bytes.")
        self._last_read = self._file.read(size)
        return self._last_read

    def seek(self, position: int) -> None:
        if position < self.tell():
            raise tarfile.ReadError("It leads back to where it has been read already.")
        self._file.seek(position)

    @property
    def has_end_mark(self) -> bool:
        """Whether the last block read was an end mark. tarfile ends at a damaged header as well, without an error."""
        return self._last_read == bytes(_BLOCK)


def _walk_folder(folder: str) -> Iterator[str | UnreadableFile | None]:
    """Yields the path of each file below the folder; None for one that is skipped."""
    pending = [folder]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        yield _check_entry(entry)
        except OSError as error:
            yield UnreadableFile(folder, _describe_error(error))


def _check_entry(entry: os.DirEntry[str]) -> str | UnreadableFile | None:
    try:
        if entry.is_symlink() and entry.is_dir():
            return UnreadableFile(entry.path, "A link to a folder is not followed; you may name it yourself.")
        if not _is_of_interest(entry.name):
            return None
        return (
            entry.path if entry.is_file() else UnreadableFile(entry.path, "It is no file, or a link to none.")
        )
    except OSError as error:
        return UnreadableFile(entry.path, _describe_error(error))


def _is_of_interest(name: str) -> bool:
    return _is_torrent_name(name) or name.lower().endswith(_ARCHIVE_SUFFIXES)


def _is_torrent_name(name: str) -> bool:
    """Whether it is the name of a torrent, packed with gzip or bzip2 perhaps, and not of an archive or of an xz."""
    archives = (*_TAR_SUFFIXES, *_ZIP_SUFFIXES, ".xz")
    return bool(_TORRENT_NAME.search(name)) and not name.lower().endswith(archives)


def _open_decompressed(file: IO[bytes]) -> IO[bytes]:
    """The decompressed file; its first bytes decide, whatever its name says."""
    opener = _OPENERS.get(file.read(2))
    file.seek(0)
    return cast(IO[bytes], opener(file)) if opener else file


def _is_tar(file: IO[bytes]) -> bool:
    head = file.read(_BLOCK)
    file.seek(0)
    return head[257:262] == b"ustar"


def _describe_error(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
