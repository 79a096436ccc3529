"""Captures every packet of a network namespace: all that goes over its loopback, as the kernel shows it to root."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import NamedTuple

_ETH_P_ALL = 0x0003  # if_ether.h
_PACKET_OUTGOING = 4  # if_packet.h; on loopback each packet is seen twice, outgoing and incoming
_SO_RCVBUFFORCE = 33  # socket.h; a packet that finds the buffer full is lost to the capture
_TCP, _UDP = 6, 17


class Packet(NamedTuple):
    """Of TCP or UDP."""

    source: str
    host: str
    """The destination."""
    port: int
    """The destination's."""
    payload: bytes


@contextmanager
def capture_packets() -> Iterator[list[Packet]]:
    """Yields a list that grows by each TCP and UDP packet from now on."""
    packets: list[Packet] = []
    capture_socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    capture_socket.bind(("lo", 0))
    capture_socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64_000_000)
    capture_socket.settimeout(0.2)
    stopped = threading.Event()
    thread = threading.Thread(target=_receive_frames, args=(capture_socket, packets, stopped), daemon=True)
    thread.start()
    try:
        yield packets
    finally:
        stopped.set()
        thread.join()
        capture_socket.close()


def _receive_frames(capture_socket: socket.socket, packets: list[Packet], stopped: threading.Event) -> None:
    while True:
        try:
            frame, (_, _, direction, *_) = capture_socket.recvfrom(70_000)
        except TimeoutError:
            if stopped.is_set():  # all that was sent before is read by now
                return
            continue
        if direction == _PACKET_OUTGOING and (packet := _parse_frame(frame)):
            packets.append(packet)


def _parse_frame(frame: bytes) -> Packet | None:
    ether_type, body = frame[12:14], frame[14:]
    if ether_type == b"\x08\x00":
        header = (body[0] & 15) * 4
        return _parse_segment(body[9], body[12:16], body[16:20], body[header:])
    if ether_type == b"\x86\xdd":
        return _parse_segment(body[6], body[8:24], body[24:40], body[40:])
    return None


def _parse_segment(protocol: int, source: bytes, host: bytes, data: bytes) -> Packet | None:
    if protocol not in (_TCP, _UDP):
        return None
    start = (data[12] >> 4) * 4 if protocol == _TCP else 8
    [port] = struct.unpack("!H", data[2:4])
    return Packet(str(ip_address(source)), str(ip_address(host)), port, data[start:])
