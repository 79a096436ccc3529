"""Objects as files in a folder, AA/BB/<INFOHASH>.torrent: of 50 million, some 760 lie in each BB.

How an object becomes durable, for one or for many together, each step for all of them before the next:

    1. write .incoming/<key>.<random> and fsync it, many from several threads (durable_files.py)
    2. link it to its name, which fails if another writer was first; os.replace where it shall replace
    3. fsync the folder BB, and AA and the root where this process has not done so before, in the same way
    4. remove the name in .incoming

A crash before 2 leaves only a file in .incoming, which is removed when it is an hour old. Any number of threads and
processes may write at once.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from errno import EACCES, ENOENT, ENOSPC
from itertools import islice
from pathlib import Path
from stat import ST_MTIME
from typing import BinaryIO, NamedTuple
from urllib.parse import SplitResult, unquote

from storage.contract import StoredObject
from storage.durable_files import (
    list_names,
    make_folder,
    read_whole,
    sync_folder,
    sync_folders,
    write_durably,
)
from storage.errors import ObjectNotFound, ObjectTooLarge, StorageUnavailable
from storage.keys import TORRENT_KEY_PATTERN, check_key

_FOLDER_NAME = re.compile("[0-9A-F]{2}")
_NOT_MOUNTED = "its disk is not mounted, or STORAGE_URL names another folder"
_MIN_FREE_BYTES = 32_000_000  # room for nearly any torrent; what does not fit is not stored
_BATCH = 250  # objects that are written together; their files are open at once, and a process may have 1,024
ABANDONED_AFTER = 3600  # seconds; an unfinished file so old has no writer any more


def from_url(url: SplitResult, is_new_archive: Callable[[], bool]) -> "Filesystem":
    """The store at file:///path/to/folder. Raises ValueError for a wrong URL."""
    folder = unquote(url.path)
    if url.netloc or not folder.startswith("/") or "\0" in folder:
        raise ValueError("A folder for torrents is named by its whole path: file:///path/to/torrents.")
    if url.query or url.fragment:
        raise ValueError("file:// takes no options; write ? as %3F and # as %23 in a folder's name.")
    return Filesystem(Path(folder), is_new_archive)


class Filesystem:
    """A folder as a store (storage/contract.py)."""

    local = True

    def __init__(self, root: Path, is_new_archive: Callable[[], bool] = lambda: True) -> None:
        self.root, self._is_new_archive = str(root), is_new_archive
        self.incoming = f"{root}/.incoming"
        self._has_been_ready = (
            False  # whether this process has seen the store, which then cannot be a new one
        )
        self._forget_synced()

    def put(self, key: str, data: bytes, *, replace: bool = False) -> bool:
        return bool(self._put_batch({key: data}, replace=replace))

    def put_all(self, objects: Mapping[str, bytes]) -> set[str]:
        rest, new = iter(objects.items()), set[str]()
        while batch := dict(islice(rest, _BATCH)):
            new |= self._put_batch(batch)
        return new

    def get(self, key: str, max_bytes: int | None = None) -> StoredObject:
        path = self._file_path(key)
        try:
            file = os.open(path, os.O_RDONLY)
            try:
                status = os.fstat(file)
                if max_bytes is not None and status.st_size > max_bytes:
                    raise ObjectTooLarge(key)
                data = read_whole(file, status.st_size)
            finally:
                os.close(file)
        except FileNotFoundError:
            raise ObjectNotFound(key) from None
        except OSError as error:
            raise StorageUnavailable(error.strerror) from error
        # nginx's own ETag, so that both can serve the same folder (ngx_http_set_etag).
        etag = f"{status[ST_MTIME]:x}-{status.st_size:x}"
        return StoredObject(data, etag, FileVersion(path, status.st_mtime_ns, status.st_ino))

    def delete(self, key: str) -> None:
        path = self._file_path(key)
        try:
            with suppress(FileNotFoundError):
                os.unlink(path)
            with suppress(FileNotFoundError):
                sync_folder(os.path.dirname(path))
        except OSError as error:
            raise StorageUnavailable(error.strerror) from error

    def keys(self, after: str = "") -> Iterator[str]:
        try:
            for first in list_names(self.root, _FOLDER_NAME):
                if first < after[:2]:
                    continue
                for second in list_names(f"{self.root}/{first}", _FOLDER_NAME):
                    if first + second < after[:4]:
                        continue
                    for key in list_names(f"{self.root}/{first}/{second}", TORRENT_KEY_PATTERN):
                        if key > after and key.startswith(first + second):
                            yield key
        except OSError as error:
            raise StorageUnavailable(error.strerror) from error

    def check(self) -> None:
        try:
            if self._is_not_mounted():
                raise self._not_mounted_error()
            folders = [self.incoming, self.root, *map(str, Path(self.root).parents)]
            folder = next(filter(os.path.isdir, folders))  # in a new archive, those below are made later
            if not os.access(folder, os.W_OK):
                raise PermissionError(EACCES, f"{folder} cannot be written to")
            disk = os.statvfs(folder)
            if disk.f_bavail * disk.f_frsize < _MIN_FREE_BYTES:
                raise OSError(ENOSPC, f"{folder} is on a disk that is all but full")
        except OSError as error:
            raise StorageUnavailable(error.strerror) from error

    def link(self, key: str) -> str | None:
        check_key(key)
        return None

    def _file_path(self, key: str) -> str:
        check_key(key)
        return f"{self.root}/{key[:2]}/{key[2:4]}/{key}"

    def _forget_synced(self) -> None:
        """Start anew with noting which folders this process has brought to disk; after any failure, none count."""
        self._synced_lower = bytearray(256 * 256)  # the folders AA/BB
        self._synced_upper = bytearray(256)  # the folders AA
        self._is_prepared = False

    def _put_batch(self, objects: Mapping[str, bytes], *, replace: bool = False) -> set[str]:
        """Store all of them. A folder that has vanished since this process made it is made again."""
        new = set[str]()
        try:
            try:
                self._write_and_sync(objects, replace, new)
            except FileNotFoundError:
                self._forget_synced()
                self._write_and_sync(objects, replace, new)
        except OSError as error:
            self._forget_synced()
            raise StorageUnavailable(error.strerror) from error
        return new

    def _write_and_sync(self, objects: Mapping[str, bytes], replace: bool, new: set[str]) -> None:
        """Each step for all of them before the next: one fsync of a folder serves every file in it.

        Adds the keys of those that were new. After a failure the folders must be forgotten.
        """
        paths = {key: self._file_path(key) for key in objects}
        # Another thread that fails meanwhile replaces these two by new ones; what is noted here does not count then.
        lower, upper = self._synced_lower, self._synced_upper
        folders = [folder for key in objects for folder in self._unsynced_folders(key)]
        missing = [key for key in objects if replace or not os.path.exists(paths[key])]
        self._write_files({key: objects[key] for key in missing}, paths, replace, new)
        # Also for an object that was there: its writer may not have reached this step.
        sync_folders(dict.fromkeys(folders))
        for key in objects:
            lower[int(key[:4], 16)] = upper[int(key[:2], 16)] = True

    def _unsynced_folders(self, key: str) -> Iterator[str]:
        """The folders to fsync, made where missing, so that the key's folder and the file in it outlast a crash.

        A folder that another process has just made may not be on disk yet, so that existing is not enough.
        """
        upper, lower = f"{self.root}/{key[:2]}", f"{self.root}/{key[:2]}/{key[2:4]}"
        if not self._synced_lower[int(key[:4], 16)]:
            self._prepare_root()
            if not self._synced_upper[int(key[:2], 16)]:
                make_folder(upper)
                yield self.root
            make_folder(lower)
            yield upper
        yield lower

    def _prepare_root(self) -> None:
        """Make the root, bring it to disk, and remove what a crash has left unfinished; again after a failure."""
        if self._is_prepared:
            return
        if self._is_not_mounted():
            raise self._not_mounted_error()
        os.makedirs(self.incoming, exist_ok=True)
        self._has_been_ready = True
        for parent in Path(self.root).parents:
            with suppress(
                OSError
            ):  # the folders above may be closed to this user, or on a disk without fsync
                sync_folder(str(parent))
        for name in os.listdir(self.incoming):
            with suppress(FileNotFoundError):
                if os.stat(f"{self.incoming}/{name}").st_mtime < time.time() - ABANDONED_AFTER:
                    os.unlink(f"{self.incoming}/{name}")
        self._is_prepared = True

    def _is_not_mounted(self) -> bool:
        """Whether there is no object although torrents are held.

        Objects are stored before their rows. So where there are rows the folder is looked at again: another process
        may have stored the first torrent after the first look.
        """
        if self._has_begun():
            return False
        return self._has_been_ready or not (self._is_new_archive() or self._has_begun())

    def _not_mounted_error(self) -> OSError:
        return FileNotFoundError(
            ENOENT, f"{self.root} is empty or gone, though torrents are held: {_NOT_MOUNTED}"
        )

    def _has_begun(self) -> bool:
        """Whether there have ever been objects here. A copy of a store may lack .incoming."""
        return os.path.isdir(self.incoming) or bool(list_names(self.root, _FOLDER_NAME))

    def _write_files(
        self, objects: Mapping[str, bytes], paths: Mapping[str, str], replace: bool, new: set[str]
    ) -> None:
        """Write each file whole under another name, then link it to its own, as only the first of two writers can."""
        suffix = os.urandom(8).hex()
        unfinished = {key: f"{self.incoming}/{key}.{suffix}" for key in objects}
        try:
            write_durably({unfinished[key]: data for key, data in objects.items()})
            for key, name in unfinished.items():
                with suppress(FileExistsError):
                    (os.replace if replace else os.link)(name, paths[key])
                    new.add(key)
        finally:
            for name in unfinished.values():
                with suppress(FileNotFoundError):
                    os.unlink(name)


class FileVersion(NamedTuple):
    """A file as it was when it was read. Nothing is ever written into a file, but another may take its place."""

    path: str
    changed_ns: int  # its modification time
    inode: int

    def is_current(self) -> bool:
        try:
            return self._is_same(os.stat(self.path))
        except OSError:
            return False

    def open_file(self) -> BinaryIO | None:
        try:
            file = open(self.path, "rb", buffering=0)  # noqa: SIM115  the caller closes it
        except OSError:
            return None
        if self._is_same(os.fstat(file.fileno())):
            return file
        file.close()
        return None

    def _is_same(self, status: os.stat_result) -> bool:
        return status.st_ino == self.inode and status.st_mtime_ns == self.changed_ns
