"""A network namespace in which every address is this machine and none leads out: an Internet for tests.

Needs root, and `ip` (Debian: iproute2).
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

_CLONE_NEWNET = 0x40000000  # sched.h


@contextmanager
def network_namespace() -> Iterator[None]:
    """Move the calling thread, and the threads and processes that it starts meanwhile, into a new namespace.

    Raises PermissionError where the tests do not run as root.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    original = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    if libc.unshare(_CLONE_NEWNET):
        raise PermissionError(
            ctypes.get_errno(), "a network of its own is for root to make: run the tests as root"
        )
    try:
        for command in (
            "link set lo up",
            "route add local 0.0.0.0/0 dev lo",
            "-6 route add local ::/0 dev lo",
        ):
            subprocess.run(["ip", *command.split()], check=True)
        yield
    finally:
        libc.setns(original, _CLONE_NEWNET)
        os.close(original)


def add_ipv6_address(address: str) -> None:
    """Give this IPv6 address to the namespace: a server can listen only on an address that was added."""
    subprocess.run(["ip", "-6", "addr", "add", f"{address}/128", "dev", "lo", "nodad"], check=True)
