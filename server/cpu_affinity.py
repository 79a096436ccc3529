"""A core of its own for each of the web server's processes, where there are as many of both.

One lock is for all threads of a process, so it has no use for a second core; but the kernel would spread its threads
over all of them, and whatever one hands to the next would have to be fetched from another core, or wake one.
"""

import fcntl
import os
from contextlib import suppress

from django.conf import settings


def cores() -> list[int]:
    """Those that this process may run on."""
    return sorted(os.sched_getaffinity(0))


def take_one(processes: int) -> None:
    """Keep this process, which is one of so many, on a core that none of the others has, until it ends.

    Where there are more cores than processes, or fewer, the kernel knows better; likewise where none is free, since
    a process that ends still has it.
    """
    may_have = cores()
    if processes != len(may_have):
        return
    # Never closed: its locks would go.
    claims = os.open(settings.DATA_DIR / "cores", os.O_RDWR | os.O_CREAT, 0o600)
    for place, core in enumerate(may_have):
        with suppress(OSError):
            fcntl.lockf(claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            os.sched_setaffinity(0, {core})
            return
