"""Disk space kept free for takedowns: a file in DATA_DIR that is deleted when a takedown finds the disk full."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

# SQLite's log has up to 4 MB before it is used anew, and uploads that come meanwhile take some too.
_BYTES = 8_000_000
_BYTES_PER_WRITE = 1_000_000


@contextmanager
def release_disk_reserve() -> Iterator[None]:
    """Around a write of takedowns: if the disk is full, its reserve is free for what is written inside.

    Afterwards the file is created again, as large as the disk allows by then. Errors of the disk are ignored here.
    """
    with suppress(OSError):
        disk = os.statvfs(settings.DATA_DIR)
        if disk.f_bavail * disk.f_frsize < _BYTES:
            _reserve_file().unlink()
    try:
        yield
    finally:
        _fill_reserve()


def _fill_reserve() -> None:
    """Fill the file with random bytes: a file system that compresses, or leaves out zeros, would reserve nothing."""
    with suppress(OSError), _reserve_file().open("ab", buffering=0) as file:
        while (lacking := _BYTES - os.fstat(file.fileno()).st_size) > 0:
            file.write(os.urandom(min(lacking, _BYTES_PER_WRITE)))


def _reserve_file() -> Path:
    return Path(settings.DATA_DIR) / "ballast"  # a name that operators know from docs/running.md
