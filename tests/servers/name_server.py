"""A name server (RFC 1035) at the address that this machine resolves names at, for use in a network namespace."""

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

_RECORD_TYPES = {4: 1, 6: 28}  # A and AAAA, by the IP version
_FOUND, _NO_SUCH_NAME = 0x8180, 0x8183  # flags of an answer


@contextmanager
def name_server(addresses: Mapping[str, str]) -> Iterator[str]:
    """Yields the server's own address.

    `addresses`: by host name, several with spaces between them. No other name exists.
    """
    lines = Path("/etc/resolv.conf").read_text().splitlines()
    host = next(line.split()[1] for line in lines if line.startswith("nameserver"))
    server = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((host, 53))
    thread = threading.Thread(target=_answer_queries, args=(server, addresses), daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.sendto(b"", (host, 53))  # ends the thread
        thread.join()
        server.close()


def _answer_queries(server: socket.socket, addresses: Mapping[str, str]) -> None:
    while True:
        packet, sender = server.recvfrom(2048)
        if not packet:
            return
        server.sendto(_answer_query(packet, addresses), sender)


def _answer_query(packet: bytes, addresses: Mapping[str, str]) -> bytes:
    labels, position = [], 12
    while length := packet[position]:
        labels.append(packet[position + 1 : position + 1 + length].decode())
        position += 1 + length
    question = packet[12 : position + 5]
    [record_type] = struct.unpack("!H", packet[position + 1 : position + 3])
    of_name = [ip_address(one) for one in addresses.get(".".join(labels).lower(), "").split()]
    of_type = [one.packed for one in of_name if _RECORD_TYPES[one.version] == record_type]
    records = b"".join(struct.pack("!HHHIH", 0xC00C, record_type, 1, 60, len(one)) + one for one in of_type)
    flags = _FOUND if of_name else _NO_SUCH_NAME
    return packet[:2] + struct.pack("!HHHHH", flags, 1, len(of_type), 0, 0) + question + records
