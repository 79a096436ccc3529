"""Peers and DHT nodes that mean ill. What such a peer says is in `lies`."""

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import bencodepy

from tests.servers.libtorrent_peers import Address

PeerBehaviour = Callable[[socket.socket], None]


@contextmanager
def hostile_peer(address: Address, lie: PeerBehaviour) -> Iterator[list[Address]]:
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


def _accept(server: socket.socket, lie: PeerBehaviour, visitors: list[Address]) -> None:
    with suppress(OSError):
        while True:
            connection, visitor = server.accept()
            visitors.append(visitor)
            connection.settimeout(30)
            threading.Thread(target=_meet, args=(connection, lie), daemon=True).start()


def _meet(connection: socket.socket, lie: PeerBehaviour) -> None:
    with connection, suppress(OSError, EOFError):
        lie(connection)
