"""Objects as files, AA/BB/<INFOHASH>.torrent under a folder: of 50 million, some 760 in each."""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from errno import EACCES, ENOENT, ENOSPC
from itertools import islice
from pathlib import Path
from stat import ST_MTIME
from typing import BinaryIO, NamedTuple
from urllib.parse import SplitResult, unquote

from storage import (
    TORRENT_KEY_PATTERN,
    ObjectNotFound,
    ObjectTooLarge,
    StorageUnavailable,
    StoredObject,
    check_key,
)

FANOUT = re.compile("[0-9A-F]{2}")
_NOT_MOUNTED = "its disk is not mounted, or STORAGE_URL names another folder"
_ROOM = 32_000_000  # bytes: the largest torrent that any setting allows
_TOGETHER = 64  # objects, whose files are open at once
ABANDONED = 3600  # seconds after which an unfinished file can have no writer any more


def from_url(url: SplitResult, is_new_archive: Callable[[], bool]) -> "Filesystem":
    folder = unquote(url.path)
    if url.netloc or not folder.startswith("/") or "\0" in folder:
        raise ValueError("A folder for torrents is named by its whole path: file:///path/to/torrents.")
    if url.query or url.fragment:
        raise ValueError("file:// takes no options; write ? as %3F and # as %23 in a folder's name.")
    return Filesystem(Path(folder), is_new_archive)


class Filesystem:
    local = True

    def __init__(self, root: Path, is_new_archive: Callable[[], bool] = lambda: True) -> None:
        self.root, self._may_begin = str(root), is_new_archive
        self.incoming = f"{root}/.incoming"
        self._seen = False
        self._forget()

    def put(self, key: str, data: bytes, *, replace: bool = False) -> bool:
        return bool(self._put({key: data}, replace=replace))

    def put_all(self, objects: Mapping[str, bytes]) -> set[str]:
        rest, new = iter(objects.items()), set[str]()
        while some := dict(islice(rest, _TOGETHER)):
            new |= self._put(some)
        return new

    def get(self, key: str, most: int | None = None) -> StoredObject:
        path = self._path(key)
        try:
            file = os.open(path, os.O_RDONLY)
            try:
                status = os.fstat(file)
                if most is not None and status.st_size > most:
                    raise ObjectTooLarge(key)
                data = read(file, status.st_size)
            finally:
                os.close(file)
        except FileNotFoundError:
            raise ObjectNotFound(key) from None
        except OSError as error:
            raise StorageUnavailable(error.strerror) from error
        # nginx's own ETag, so that both can serve the same folder (ngx_http_set_etag).
        etag = f"{status[ST_MTIME]:x}-{status.st_size:x}"
        return StoredObject(data, etag, UnchangedFile(path, status.st_mtime_ns, status.st_ino))

    def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            with suppress(FileNotFoundError):
                os.unlink(path)
            with suppress(FileNotFoundError):
                sync(os.path.dirname(path))
        except OSError as error:
            raise StorageUnavailable(error.strerror) from error

    def keys(self, after: str = "") -> Iterator[str]:
        try:
            for first in names(self.root, FANOUT):
                if first < after[:2]:
                    continue
                for second in names(f"{self.root}/{first}", FANOUT):
                    if first + second < after[:4]:
                        continue
                    for key in names(f"{self.root}/{first}/{second}", TORRENT_KEY_PATTERN):
                        if key > after and key.startswith(first + second):
                            yield key
        except OSError as error:
            raise StorageUnavailable(error.strerror) from error

    def check(self) -> None:
        try:
            if not self._begun() and (self._seen or not self._may_begin()):
                raise self._missing()
            places = [self.incoming, self.root, *map(str, Path(self.root).parents)]
            place = next(filter(os.path.isdir, places))  # a new archive makes what is missing below
            if not os.access(place, os.W_OK):
                raise PermissionError(EACCES, f"{place} cannot be written to")
            disk = os.statvfs(place)
            if disk.f_bavail * disk.f_frsize < _ROOM:
                raise OSError(ENOSPC, f"{place} is on a disk that is all but full")
        except OSError as error:
            raise StorageUnavailable(error.strerror) from error

    def link(self, key: str) -> str | None:
        check_key(key)
        return None

    def _path(self, key: str) -> str:
        check_key(key)
        return f"{self.root}/{key[:2]}/{key[2:4]}/{key}"

    def _forget(self) -> None:
        """Which of the folders this process has seen to disk itself; after any failure, none."""
        self._settled = bytearray(256 * 256)
        self._settled_above = bytearray(256)
        self._ready = False

    def _put(self, objects: Mapping[str, bytes], *, replace: bool = False) -> set[str]:
        """Every step for all of them before the next: what one fsync has brought to disk, the others find there."""
        paths = {key: self._path(key) for key in objects}
        settled, above = self._settled, self._settled_above  # others, if somebody fails and forgets meanwhile
        try:
            folders = [folder for key in objects for folder in self._folders(key)]
            missing = [key for key in objects if replace or not os.path.exists(paths[key])]
            new = self._write({key: objects[key] for key in missing}, paths, replace)
            # Also for an object that was there: its writer may not have come this far.
            for folder in dict.fromkeys(folders):
                sync(folder)
        except OSError as error:
            self._forget()
            raise StorageUnavailable(error.strerror) from error
        for key in objects:
            settled[int(key[:4], 16)] = above[int(key[:2], 16)] = True
        return new

    def _folders(self, key: str) -> Iterator[str]:
        """What must be on disk for the key's folder to stay; one that a neighbour has just made may not be yet."""
        upper, lower = f"{self.root}/{key[:2]}", f"{self.root}/{key[:2]}/{key[2:4]}"
        if not self._settled[int(key[:4], 16)]:
            self._prepare()
            if not self._settled_above[int(key[:2], 16)]:
                _make(upper)
                yield self.root
            _make(lower)
            yield upper
        yield lower

    def _prepare(self) -> None:
        """The root on disk, and what a crash has left unfinished swept away, once in a process."""
        if self._ready:
            return
        if not self._seen:  # made once; a folder that has gone since is a disk that is no longer mounted
            if not self._begun() and not self._may_begin():
                raise self._missing()
            os.makedirs(self.incoming, exist_ok=True)
            self._seen = True
        for parent in Path(self.root).parents:
            with suppress(OSError):  # not everyone may open, or can sync, what lies above
                sync(str(parent))
        for name in os.listdir(self.incoming):
            with suppress(FileNotFoundError):
                if os.stat(f"{self.incoming}/{name}").st_mtime < time.time() - ABANDONED:
                    os.unlink(f"{self.incoming}/{name}")
        self._ready = True

    def _missing(self) -> OSError:
        return FileNotFoundError(
            ENOENT, f"{self.root} is empty or gone, though torrents are held: {_NOT_MOUNTED}"
        )

    def _begun(self) -> bool:
        """Have there been objects here, ever? Those who copy a storage may leave .incoming out."""
        return os.path.isdir(self.incoming) or bool(names(self.root, FANOUT))

    def _write(self, objects: Mapping[str, bytes], paths: Mapping[str, str], replace: bool) -> set[str]:
        """Whole and on disk under another name first; then a link, which never replaces, decides who won."""
        unfinished = {key: f"{self.incoming}/{key}.{os.urandom(8).hex()}" for key in objects}
        new = set()
        try:
            write({unfinished[key]: data for key, data in objects.items()})
            for key, name in unfinished.items():
                with suppress(FileExistsError):
                    (os.replace if replace else os.link)(name, paths[key])
                    new.add(key)
        finally:
            for name in unfinished.values():
                with suppress(FileNotFoundError):
                    os.unlink(name)
        return new


class UnchangedFile(NamedTuple):
    """One that was read. Nothing is ever written into it; another may take its place."""

    path: str
    changed: int
    inode: int

    def is_current(self) -> bool:
        try:
            return self._is(os.stat(self.path))
        except OSError:
            return False

    def open_file(self) -> BinaryIO | None:
        try:
            file = open(self.path, "rb", buffering=0)  # noqa: SIM115  whoever reads it closes it
        except OSError:
            return None
        if self._is(os.fstat(file.fileno())):
            return file
        file.close()
        return None

    def _is(self, status: os.stat_result) -> bool:
        return status.st_ino == self.inode and status.st_mtime_ns == self.changed


def write(files: Mapping[str, bytes]) -> None:
    """All of them on disk. Of several each is on its way there when the first is waited for."""
    with ExitStack() as stack:
        opened = []
        for path, data in files.items():
            file = stack.enter_context(open(path, "xb", buffering=0))
            opened.append(file.fileno())
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
            if len(files) > 1:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        for number in opened:
            os.fsync(number)


def read(file: int, size: int) -> bytes:
    data = os.read(file, size)
    while len(data) < size:
        more = os.read(file, size - len(data))
        if not more:
            raise OSError(0, "The file shrank while it was read")
        data += more
    return data


def sync(folder: str) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _make(folder: str) -> None:
    with suppress(FileExistsError):
        os.mkdir(folder)


def names(folder: str, wanted: re.Pattern[str]) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if wanted.fullmatch(name))
    except FileNotFoundError:
        return []
