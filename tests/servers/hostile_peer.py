"""A peer that means ill. It shakes hands and then lies in one of many ways (BEP 3, 9, 10)."""

import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import bencodepy

from tests.servers.swarm import Address

_PIECE = 16_384
_EXTENDED, _HANDSHAKE, _METADATA = 20, 0, 3  # message ids; the last is our own for ut_metadata

Lie = Callable[[socket.socket], None]


@contextmanager
def hostile_peer(address: Address, lie: Lie) -> Iterator[list[Address]]:
    """Who has connected so far."""
    visitors: list[Address] = []
    server = socket.create_server(address)
    thread = threading.Thread(target=_accept, args=(server, lie, visitors), daemon=True)
    thread.start()
    try:
        yield visitors
    finally:
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        server.close()


@contextmanager
def hostile_node(address: Address, victims: list[Address]) -> Iterator[None]:
    """A DHT node (BEP 5) that says of whatever it is asked that the victims are near it, and have it."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(address)
    thread = threading.Thread(target=_mislead, args=(server, victims), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.sendto(b"", address)  # the last packet
        thread.join()
        server.close()


def _mislead(server: socket.socket, victims: list[Address]) -> None:
    compact = [socket.inet_aton(host) + struct.pack("!H", port) for host, port in victims]
    name = os.urandom(20)
    while True:
        packet, sender = server.recvfrom(2048)
        if not packet:
            return
        question = bencodepy.decode(packet)
        asked = question.get(b"a", {})
        near = asked.get(b"info_hash") or asked.get(b"target")
        if near is None:
            continue
        nodes = b"".join(near[:18] + os.urandom(2) + victim for victim in compact)
        answer = {b"id": name, b"nodes": nodes, b"token": b"x", b"values": compact}
        server.sendto(bencodepy.encode({b"r": answer, b"t": question[b"t"], b"y": b"r"}), sender)


def _accept(server: socket.socket, lie: Lie, visitors: list[Address]) -> None:
    with suppress(OSError):
        while True:
            connection, visitor = server.accept()
            visitors.append(visitor)
            connection.settimeout(30)
            threading.Thread(target=_meet, args=(connection, lie), daemon=True).start()


def _meet(connection: socket.socket, lie: Lie) -> None:
    with connection, suppress(OSError, EOFError):
        lie(connection)


def silence(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def garbage(connection: socket.socket) -> None:
    while True:
        connection.sendall(os.urandom(4096))


def disconnect(connection: socket.socket) -> None:
    """At once."""


def disconnect_later(connection: socket.socket) -> None:
    _shake_hands(connection, 100_000)


def mute(connection: socket.socket) -> None:
    """Says that it has the metadata, and never sends it."""
    _shake_hands(connection, 31_000_000)
    silence(connection)


def too_large(connection: socket.socket) -> None:
    _shake_hands(connection, 2_000_000_000)
    silence(connection)


def wrong_metadata(connection: socket.socket) -> None:
    _serve(
        connection, bencodepy.encode({b"name": b"something else", b"piece length": _PIECE, b"pieces": b""})
    )


def large_metadata(connection: socket.socket) -> None:
    """As large as may be, and wrong in the end."""
    _serve(connection, bytes(31_000_000))


def endless_metadata(connection: socket.socket) -> None:
    """Goes on sending pieces, asked or not."""
    theirs = _shake_hands(connection, 31_000_000)
    piece = 0
    while True:
        _send_piece(connection, theirs, piece, 31_000_000, bytes(_PIECE))
        piece += 1


def slow_metadata(connection: socket.socket) -> None:
    """A piece a second."""
    theirs = _shake_hands(connection, 31_000_000)
    for piece in range(1900):
        _send_piece(connection, theirs, piece, 31_000_000, bytes(_PIECE))
        time.sleep(1)


LIES: tuple[Lie, ...] = (
    silence,
    garbage,
    disconnect,
    disconnect_later,
    mute,
    too_large,
    wrong_metadata,
    large_metadata,
    endless_metadata,
    slow_metadata,
)


def _shake_hands(connection: socket.socket, metadata_size: int) -> int:
    """The number by which the other wants to be sent metadata."""
    protocol, reserved, infohash = connection.recv(20), _read(connection, 8), _read(connection, 20)
    _read(connection, 20)
    connection.sendall(protocol + reserved + infohash + b"-XX0000-" + os.urandom(12))
    extensions = {b"m": {b"ut_metadata": _METADATA}, b"metadata_size": metadata_size}
    _send(connection, _HANDSHAKE, bencodepy.encode(extensions))
    while (message := _receive(connection))[:2] != bytes((_EXTENDED, _HANDSHAKE)):
        pass
    return int(bencodepy.decode(message[2:])[b"m"][b"ut_metadata"])


def _serve(connection: socket.socket, metadata: bytes) -> None:
    theirs = _shake_hands(connection, len(metadata))
    while True:
        message = _receive(connection)
        if message[:2] == bytes((_EXTENDED, _METADATA)):
            piece = int(bencodepy.decode(message[2:])[b"piece"])
            data = metadata[piece * _PIECE : (piece + 1) * _PIECE]
            _send_piece(connection, theirs, piece, len(metadata), data)


def _send_piece(connection: socket.socket, theirs: int, piece: int, size: int, data: bytes) -> None:
    head = bencodepy.encode({b"msg_type": 1, b"piece": piece, b"total_size": size})
    _send(connection, theirs, head + data)


def _send(connection: socket.socket, extension: int, payload: bytes) -> None:
    connection.sendall(struct.pack("!IBB", len(payload) + 2, _EXTENDED, extension) + payload)


def _receive(connection: socket.socket) -> bytes:
    return _read(connection, int.from_bytes(_read(connection, 4), "big"))


def _read(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        if not (more := connection.recv(length - len(data))):
            raise EOFError
        data += more
    return data
