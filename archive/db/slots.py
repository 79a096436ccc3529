"""How many requests of a process work at once. Any number may wait for the network: those step aside meanwhile.

Whoever works may need a database connection, and PostgreSQL has a hundred for everybody.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakSet

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

AT_ONCE = 16
_turns = threading.BoundedSemaphore(AT_ONCE)
_own = threading.local()
_kept: "WeakSet[BaseDatabaseWrapper]" = WeakSet()  # connections of threads; they go with their thread
_lock = threading.Lock()


@contextmanager
def turn() -> Iterator[None]:
    """Work on a request, as soon as there is room."""
    with _turns:
        _own.working = True
        try:
            yield
        finally:
            _own.working = False
            _keep_few()


@contextmanager
def aside() -> Iterator[None]:
    """Do nothing but wait: another may work, and with this one's database connection."""
    working = getattr(_own, "working", False)
    if working:
        connections.close_all()
        _turns.release()
    try:
        yield
    finally:
        if working:
            _turns.acquire()


def _keep_few() -> None:
    """A thread's connection serves its next request too, but not every thread may have one."""
    for mine in connections.all(initialized_only=True):
        with _lock:
            if mine.vendor == "sqlite" or mine in _kept or len(_kept) < AT_ONCE:
                _kept.add(mine)
                continue
        mine.close()
