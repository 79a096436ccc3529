"""A DHT node (BEP 5) that answers every query with the same addresses, as nodes and as peers."""

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import bencodepy

from tests.servers.libtorrent_peers import Address


@contextmanager
def hostile_dht_node(address: Address, victims: list[Address]) -> Iterator[None]:
    """`victims`: the addresses, which the node claims to be near each target and to have each torrent."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(address)
    thread = threading.Thread(target=_answer_queries, args=(server, victims), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.sendto(b"", address)  # ends the thread
        thread.join()
        server.close()


def _answer_queries(server: socket.socket, victims: list[Address]) -> None:
    compact = [socket.inet_aton(host) + struct.pack("!H", port) for host, port in victims]
    node_id = os.urandom(20)
    while True:
        packet, sender = server.recvfrom(2048)
        if not packet:
            return
        query = bencodepy.decode(packet)
        arguments = query.get(b"a", {})
        target = arguments.get(b"info_hash") or arguments.get(b"target")
        if target is None:
            continue
        nodes = b"".join(target[:18] + os.urandom(2) + victim for victim in compact)
        answer = {b"id": node_id, b"nodes": nodes, b"token": b"x", b"values": compact}
        server.sendto(bencodepy.encode({b"r": answer, b"t": query[b"t"], b"y": b"r"}), sender)
