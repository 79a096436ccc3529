"""How many bytes of a response a client has acknowledged, which granian does not tell.

Linux's sock_diag(7) is asked, as `ss` asks it: by the two addresses, so that no descriptor is kept.
"""

import socket
import struct
from functools import cache

_NETLINK_SOCK_DIAG = 4  # linux/netlink.h
_SOCK_DIAG_BY_FAMILY = 20  # linux/sock_diag.h
_INET_DIAG_INFO = 2  # linux/inet_diag.h
_SENDING = {1, 4, 8}  # include/net/tcp_states.h: ESTABLISHED, FIN_WAIT1, CLOSE_WAIT
_ANY_COOKIE = (0xFFFFFFFF, 0xFFFFFFFF)
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_MESSAGE = 72  # bytes of struct inet_diag_msg
_BYTES_ACKED = 120  # its offset in struct tcp_info


class Connection:
    """A connection to this machine, by the address:port of both ends. All of them belong to one thread.

    `local` may be the address that the server listens at, also 0.0.0.0 or ::.
    """

    def __init__(self, local: str, peer: str) -> None:
        self._request = _diag_request(_local_address(local, peer), _address(peer))
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


def _local_address(local: str, peer: str) -> tuple[bytes, int]:
    """A server that listens at all addresses does not know which of them a client has: the route to it tells."""
    address, port = _address(local)
    if any(address):
        return address, port
    family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
    host, _, peer_port = peer.rpartition(":")
    with socket.socket(family, socket.SOCK_DGRAM) as probe:  # to connect sends nothing over UDP
        probe.connect((host.strip("[]"), int(peer_port)))
        return socket.inet_pton(family, probe.getsockname()[0].partition("%")[0]), port


def _address(text: str) -> tuple[bytes, int]:
    host, _, port = text.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.inet_pton(family, host.strip("[]").partition("%")[0]), int(port)


def _diag_request(local: tuple[bytes, int], peer: tuple[bytes, int]) -> bytes:
    """struct inet_diag_req_v2, for one connection in any state."""
    family = socket.AF_INET if len(local[0]) == 4 else socket.AF_INET6
    wanted = struct.pack("=BBBxI", family, socket.IPPROTO_TCP, 1 << (_INET_DIAG_INFO - 1), 0xFFFFFFFF)
    wanted += struct.pack("!HH16s16s", local[1], peer[1], local[0], peer[0])
    wanted += struct.pack("=III", 0, *_ANY_COOKIE)
    return _HEADER.pack(_HEADER.size + len(wanted), _SOCK_DIAG_BY_FAMILY, 1, 0, 0) + wanted
