"""SQLite has one writer at a time, and whoever finds it busy sleeps for up to 0.1 s before he looks again. Here they
queue instead, in whichever process they are, and each begins as soon as the one before has done."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.conf import settings
from django.db import connection

from archive.db.driver import is_sqlite

_own = threading.Lock()  # of this process: the file's lock is one for all its threads


@contextmanager
def write_lock() -> Iterator[None]:
    """Around a short transaction that writes. Without it nothing goes wrong, only slowly."""
    if not is_sqlite() or connection.in_atomic_block:
        yield
        return
    with _own:
        fcntl.flock(_folder(), fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(_folder(), fcntl.LOCK_UN)


@cache
def _folder() -> int:
    """The folder where the index lies: its file is no place for a lock, since SQLite's own would go with ours."""
    return os.open(settings.DATA_DIR, os.O_RDONLY | os.O_DIRECTORY)
