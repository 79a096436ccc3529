"""Files and folders of the disk: written so that they outlast a crash, read whole, listed."""

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from functools import cache
from typing import TypeVar

_MAX_SYNC_THREADS = 8
# A disk whose fsync takes less, such as one with a cache that outlasts power failures, is faster without threads.
_SLOW_SYNC = 0.0002  # seconds

Item = TypeVar("Item")


def write_durably(files: Mapping[str, bytes]) -> None:
    """Write new files, by path, and fsync them. The disk writes all of them while the first is waited for."""
    with ExitStack() as stack:
        descriptors = []
        for path, data in files.items():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            stack.callback(os.close, descriptor)
            descriptors.append(descriptor)
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            if len(files) > 1:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        _sync_together(os.fsync, descriptors)


def sync_folders(folders: Iterable[str]) -> None:
    """As sync_folder, for many at once."""
    _sync_together(sync_folder, folders)


def _sync_together(sync: Callable[[Item], None], items: Iterable[Item]) -> None:
    """Call `sync` with each item, from several threads where the disk is slow: it serves many fsyncs by one flush.

    Raises the OSError of the first that fails, when no thread uses an item any more.
    """
    remaining = iter(items)
    for item in remaining:
        began = time.perf_counter()
        sync(item)
        if time.perf_counter() - began > _SLOW_SYNC:
            break
    rest = list(remaining)

    def sync_share(share: list[Item]) -> None:
        for item in share:
            sync(item)

    threads = min(_MAX_SYNC_THREADS, (len(rest) + 1) // 2)
    if threads < 2:
        sync_share(rest)
        return
    shares = [_sync_threads().submit(sync_share, rest[start::threads]) for start in range(threads)]
    wait(shares)
    for share in shares:
        share.result()


@cache
def _sync_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_MAX_SYNC_THREADS, "fsync")


os.register_at_fork(after_in_child=_sync_threads.cache_clear)  # a fork has none of its parent's threads


def read_whole(file: int, size: int) -> bytes:
    """The bytes of an open file of this size. Raises OSError if it has become shorter."""
    data = os.read(file, size)
    while len(data) < size:
        more = os.read(file, size - len(data))
        if not more:
            raise OSError(0, "The file shrank while it was read")
        data += more
    return data


def sync_folder(folder: str) -> None:
    """Bring a folder's list of names to disk."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def make_folder(folder: str) -> None:
    with suppress(FileExistsError):
        os.mkdir(folder)


def list_names(folder: str, wanted: re.Pattern[str]) -> list[str]:
    """The names in a folder that match, in order; none if there is no such folder."""
    try:
        return sorted(name for name in os.listdir(folder) if wanted.fullmatch(name))
    except FileNotFoundError:
        return []
