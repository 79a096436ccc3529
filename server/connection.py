"""What the kernel knows of a connection, and granian does not tell: how much of a response has arrived.

Linux's sock_diag(7) is asked, as `ss` asks it: by the two addresses, so that no descriptor is kept.
"""

import os
import socket
import struct
from contextlib import suppress
from functools import cache

IDLE_TIMEOUT = 120_000  # milliseconds in which a client has to acknowledge something of its response
_UNSENT = 131_072  # bytes of a response that the kernel takes beyond what it may send

_NETLINK_SOCK_DIAG = 4  # linux/netlink.h
_SOCK_DIAG_BY_FAMILY = 20  # linux/sock_diag.h
_INET_DIAG_INFO = 2  # linux/inet_diag.h
_SENDING = {1, 4, 8}  # include/net/tcp_states.h: ESTABLISHED, FIN_WAIT1, CLOSE_WAIT
_ANY_COOKIE = (0xFFFFFFFF, 0xFFFFFFFF)
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_MESSAGE = 72  # bytes of struct inet_diag_msg
_BYTES_ACKED = 120  # its offset in struct tcp_info


class Connection:
    """A connection to this machine, by the address:port of both ends. All of them belong to one thread."""

    def __init__(self, local: str, peer: str) -> None:
        self._request = _diag_request(_address(local), _address(peer))
        self._begin = self._acknowledged() or 0

    def acknowledged(self) -> int | None:
        """Bytes that the client has acknowledged since this object was made; None where the connection is gone."""
        count = self._acknowledged()
        return None if count is None else count - self._begin

    def _acknowledged(self) -> int | None:
        try:
            netlink = _netlink_socket()
            netlink.send(self._request)
            answer = netlink.recv(8192)
        except OSError:
            return None
        length, kind, *_ = _HEADER.unpack_from(answer)
        if kind != _SOCK_DIAG_BY_FAMILY or answer[_HEADER.size + 1] not in _SENDING:
            return None
        at = _HEADER.size + _MESSAGE
        while at + 4 <= length:
            size, attribute = struct.unpack_from("=HH", answer, at)
            if attribute == _INET_DIAG_INFO:
                return int(struct.unpack_from("=Q", answer, at + 4 + _BYTES_ACKED)[0])
            at += (size + 3) & ~3
        return None


@cache
def _netlink_socket() -> socket.socket:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)


def _address(text: str) -> tuple[bytes, int]:
    host, _, port = text.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.inet_pton(family, host.strip("[]")), int(port)


def _diag_request(local: tuple[bytes, int], peer: tuple[bytes, int]) -> bytes:
    """struct inet_diag_req_v2, for one connection in any state."""
    family = socket.AF_INET if len(local[0]) == 4 else socket.AF_INET6
    wanted = struct.pack("=BBBxI", family, socket.IPPROTO_TCP, 1 << (_INET_DIAG_INFO - 1), 0xFFFFFFFF)
    wanted += struct.pack("!HH16s16s", local[1], peer[1], local[0], peer[0])
    wanted += struct.pack("=III", 0, *_ANY_COOKIE)
    return _HEADER.pack(_HEADER.size + len(wanted), _SOCK_DIAG_BY_FAMILY, 1, 0, 0) + wanted


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
