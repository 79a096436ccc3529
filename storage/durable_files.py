"""Files and folders of the disk: written so that they outlast a crash, read whole, listed."""

import os
import re
from collections.abc import Mapping
from contextlib import ExitStack, suppress


def write_durably(files: Mapping[str, bytes]) -> None:
    """Write new files, by path, and fsync them. The disk writes all of them while the first is waited for."""
    with ExitStack() as stack:
        descriptors = []
        for path, data in files.items():
            file = stack.enter_context(open(path, "xb", buffering=0))
            descriptors.append(file.fileno())
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
            if len(files) > 1:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        for descriptor in descriptors:
            os.fsync(descriptor)


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
