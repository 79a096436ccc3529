"""What goes over the wire of a network of our own: every packet on its loopback, as the kernel shows it to root."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import NamedTuple

_ALL = 0x0003  # ETH_P_ALL, if_ether.h
_OUTGOING = 4  # PACKET_OUTGOING, if_packet.h: on loopback each packet is seen going and coming
_BUFFER_BY_FORCE = 33  # SO_RCVBUFFORCE, socket.h: a packet that finds no room is not seen
_TCP, _UDP = 6, 17


class Packet(NamedTuple):
    source: str
    host: str
    """Where it goes."""
    port: int
    payload: bytes


@contextmanager
def capture_packets() -> Iterator[list[Packet]]:
    """TCP and UDP packets, from now on."""
    packets: list[Packet] = []
    ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL))
    ear.bind(("lo", 0))
    ear.setsockopt(socket.SOL_SOCKET, _BUFFER_BY_FORCE, 64_000_000)
    ear.settimeout(0.2)
    over = threading.Event()
    thread = threading.Thread(target=_listen, args=(ear, packets, over), daemon=True)
    thread.start()
    try:
        yield packets
    finally:
        over.set()
        thread.join()
        ear.close()


def _listen(ear: socket.socket, packets: list[Packet], over: threading.Event) -> None:
    while True:
        try:
            frame, (_, _, direction, *_) = ear.recvfrom(70_000)
        except TimeoutError:
            if over.is_set():  # and all that was sent before is read
                return
            continue
        if direction == _OUTGOING and (packet := _packet(frame)):
            packets.append(packet)


def _packet(frame: bytes) -> Packet | None:
    kind, body = frame[12:14], frame[14:]
    if kind == b"\x08\x00":
        header = (body[0] & 15) * 4
        return _segment(body[9], body[12:16], body[16:20], body[header:])
    if kind == b"\x86\xdd":
        return _segment(body[6], body[8:24], body[24:40], body[40:])
    return None


def _segment(protocol: int, source: bytes, host: bytes, data: bytes) -> Packet | None:
    if protocol not in (_TCP, _UDP):
        return None
    start = (data[12] >> 4) * 4 if protocol == _TCP else 8
    [port] = struct.unpack("!H", data[2:4])
    return Packet(str(ip_address(source)), str(ip_address(host)), port, data[start:])
