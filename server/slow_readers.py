"""Limits what the kernel bears with of clients that do not read their responses."""

import os
import socket
from contextlib import suppress

IDLE_TIMEOUT = 120_000  # milliseconds in which a client has to acknowledge something of its response
_UNSENT = 131_072  # bytes of a response that the kernel takes beyond what it may send


def limit_slow_readers(port: int, milliseconds: int = IDLE_TIMEOUT) -> bool:
    """Have the kernel bear less with clients that do not read, on all connections accepted at this port from now on.

    It ends a connection that has not moved for so long while there is something to send (tcp(7), TCP_USER_TIMEOUT; a
    window that stays closed counts as well, and Linux opens one when a sixteenth of the receive buffer is free). And
    it takes no more than 128 KB beyond what the client has room for (TCP_NOTSENT_LOWAT): else 2.8 MB lie in its
    buffers for each client that has stopped, and a thousand of those stop all others.

    Connections inherit both options from the socket that accepts them. Returns whether there is such a socket in this
    process yet. Elsewhere than on Linux nothing happens.
    """
    if not hasattr(socket, "TCP_USER_TIMEOUT") or not os.path.isdir("/proc/self/fd"):
        return True
    found = False
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                with socket.socket(fileno=os.dup(int(name))) as each:
                    if _listens(each, port):
                        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
                        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)
                        found = True
    return found


def _listens(each: socket.socket, port: int) -> bool:
    if each.family not in (socket.AF_INET, socket.AF_INET6) or each.type != socket.SOCK_STREAM:
        return False
    return each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1 and each.getsockname()[1] == port
