"""Connections on which next to nothing moves are ended: uploads that stopped, answers that nobody reads.

The web servers have no such limit of their own, and each of these keeps a thread. The kernel knows how many bytes
came and went (tcp(7), struct tcp_info in linux/tcp.h); elsewhere than on Linux patience has no end.
"""

import os
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

from django.conf import settings

_LOOK = 15.0  # seconds between two looks
_LOOKS = 8  # in 120 seconds, longer than any request waits, a thousand bytes move or it ends
_MOVES = 1_000
_COUNTERS = struct.Struct("=120xQQ")  # tcpi_bytes_acked, tcpi_bytes_received


class Patience:
    def __init__(self, port: int) -> None:
        self._port = port
        self._moved: dict[tuple[int, str], deque[int]] = {}

    def look(self) -> None:
        seen = self._moved
        self._moved = {}
        for connection in _connections(self._port):
            with connection, suppress(OSError):  # it has just ended by itself
                moved = sum(_COUNTERS.unpack(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 136)))
                name = os.fstat(connection.fileno()).st_ino, repr(connection.getpeername())
                history = self._moved[name] = seen.get(name) or deque(maxlen=_LOOKS)
                if len(history) == _LOOKS and moved - history[0] < _MOVES:
                    connection.shutdown(socket.SHUT_RDWR)
                history.append(moved)


def _connections(port: int) -> Iterator[socket.socket]:
    """Those of this process to its own port, as copies to be closed."""
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                connection = socket.socket(fileno=os.dup(int(name)))
                if _is_ours(connection, port):
                    yield connection
                else:
                    connection.close()


def _is_ours(connection: socket.socket, port: int) -> bool:
    if connection.family not in (socket.AF_INET, socket.AF_INET6) or connection.type != socket.SOCK_STREAM:
        return False
    return connection.getsockname()[1] == port and not connection.getsockopt(
        socket.SOL_SOCKET, socket.SO_ACCEPTCONN
    )


def _keep_looking() -> None:
    patience = Patience(settings.PORT)
    while True:
        time.sleep(_LOOK)
        patience.look()


_begun = threading.Event()


def begin() -> None:
    """In the process that serves, not in one that it was forked from. May be called again."""
    if not _begun.is_set() and hasattr(socket, "TCP_INFO"):
        _begun.set()
        threading.Thread(target=_keep_looking, name="patience", daemon=True).start()
