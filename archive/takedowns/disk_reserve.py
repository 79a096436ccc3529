"""Room for a takedown where the disk is full: a file in DATA_DIR that nobody reads, and that makes way for it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

# SQLite's log has up to 4 MB before it is used anew, and uploads that come meanwhile take some too.
_BYTES = 8_000_000
_PIECE = 1_000_000  # bytes


@contextmanager
def release_disk_reserve() -> Iterator[None]:
    """Around what blocks or lifts. Afterwards the file is there again, as large as the disk allows by then."""
    with suppress(OSError):
        disk = os.statvfs(settings.DATA_DIR)
        if disk.f_bavail * disk.f_frsize < _BYTES:
            _file().unlink()
    try:
        yield
    finally:
        _lay_down()


def _lay_down() -> None:
    """Of random bytes: those that a file system can pack, or leave out, would keep no room."""
    with suppress(OSError), _file().open("ab", buffering=0) as file:
        while (lacking := _BYTES - os.fstat(file.fileno()).st_size) > 0:
            file.write(os.urandom(min(lacking, _PIECE)))


def _file() -> Path:
    return Path(settings.DATA_DIR) / "ballast"
