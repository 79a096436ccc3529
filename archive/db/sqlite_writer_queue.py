"""A lock for the one writer that SQLite has at a time, held across all threads and processes of one machine.

SQLite lets a writer that finds another at work sleep for up to 0.1 s before it tries again. With this lock the
writers queue instead, and each begins as soon as the one before has committed.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.conf import settings
from django.db import connection

from archive.db.driver import is_sqlite

_thread_lock = threading.Lock()  # flock() is held by the process: among its threads this lock decides


@contextmanager
def write_lock() -> Iterator[None]:
    """Hold the lock around a short transaction that writes. Without it the result is the same, only slower.

    Does nothing on PostgreSQL, or inside a transaction that has begun already.
    """
    if not is_sqlite() or connection.in_atomic_block:
        yield
        return
    with _thread_lock:
        fcntl.flock(_data_folder(), fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(_data_folder(), fcntl.LOCK_UN)


@cache
def _data_folder() -> int:
    """A descriptor of the folder where the index lies, opened once.

    The index itself cannot carry the lock: closing a descriptor of it would drop SQLite's own locks (POSIX).
    """
    return os.open(settings.DATA_DIR, os.O_RDONLY | os.O_DIRECTORY)
