"""Peers that are only an address: each announces itself to the DHT (BEP 5) or a UDP tracker (BEP 15), and is gone."""

import secrets
import socket
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import bencodepy

from tests.servers.libtorrent_peers import Address

_PORT = 6881
_TIMEOUT = 20.0  # seconds
_TRIES = 10
_THREADS = 16
_PROTOCOL_ID = 0x41727101980  # BEP 15
_CONNECT, _ANNOUNCE = 0, 1
_ANNOUNCE_ANSWER = 20  # bytes of the answer to an announce at least (BEP 15)


def announce_to_dht(hosts: Iterable[str], target: bytes, nodes: Iterable[Address]) -> None:
    """Each host at each node."""
    node_list = list(nodes)

    def announce(host: str) -> None:
        for node in node_list:
            _announce_to_node(host, target, node)

    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(announce, hosts))


def announce_to_udp_tracker(
    hosts: Iterable[str], target: bytes, tracker: Address, *, seeds: bool = False
) -> None:
    """Each host as a leecher, or as a seeder."""
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(lambda host: _announce_by_udp(host, target, tracker, seeds), hosts))


def _announce_to_node(host: str, target: bytes, node: Address) -> None:
    with _bind_socket(host) as peer_socket:
        arguments = {"id": secrets.token_bytes(20), "info_hash": target}
        token = _query_node(peer_socket, node, "get_peers", arguments)[b"token"]
        _query_node(peer_socket, node, "announce_peer", {**arguments, "port": _PORT, "token": token})


def _query_node(
    peer_socket: socket.socket, node: Address, method: str, arguments: Mapping[str, object]
) -> dict[bytes, bytes]:
    """The node's response. Queries that the node sends meanwhile are ignored."""
    transaction = secrets.token_bytes(4)
    query = bencodepy.encode({"t": transaction, "y": "q", "q": method, "a": arguments})

    def is_answer(packet: bytes) -> bool:
        message = bencodepy.decode(packet)
        return bool(message[b"t"] == transaction and message[b"y"] != b"q")

    answer: dict[bytes, dict[bytes, bytes]] = bencodepy.decode(
        _send_until_answered(peer_socket, node, query, is_answer)
    )
    assert b"r" in answer, answer
    return answer[b"r"]


def _announce_by_udp(host: str, target: bytes, tracker: Address, seeds: bool) -> None:
    with _bind_socket(host) as peer_socket:
        connect = struct.pack("!QII", _PROTOCOL_ID, _CONNECT, 1)
        connection_id = _send_until_answered(peer_socket, tracker, connect, _has_transaction(1))[8:16]
        left = 0 if seeds else 1
        numbers = struct.pack("!QQQIIIiH", 0, left, 0, 2, 0, 7, -1, _PORT)
        head = connection_id + struct.pack("!II", _ANNOUNCE, 2)
        announce = head + target + secrets.token_bytes(20) + numbers
        deadline = time.monotonic() + _TIMEOUT
        # Until opentracker has read its list of torrents it sends a shorter answer.
        while (
            len(answer := _send_until_answered(peer_socket, tracker, announce, _has_transaction(2)))
            < _ANNOUNCE_ANSWER
        ):
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)
        assert answer.startswith(struct.pack("!I", _ANNOUNCE)), answer


def _has_transaction(transaction: int) -> Callable[[bytes], bool]:
    return lambda packet: packet[4:8] == struct.pack("!I", transaction)


def _bind_socket(host: str) -> socket.socket:
    peer_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    peer_socket.bind((host, _PORT))
    return peer_socket


def _send_until_answered(
    peer_socket: socket.socket, address: Address, packet: bytes, is_answer: Callable[[bytes], bool]
) -> bytes:
    """Send the packet until its answer comes: UDP may lose either, and a late answer to another packet may come."""
    for _ in range(_TRIES):
        peer_socket.sendto(packet, address)
        deadline = time.monotonic() + _TIMEOUT / _TRIES
        while (remaining := deadline - time.monotonic()) > 0:
            peer_socket.settimeout(remaining)
            with suppress(TimeoutError):
                if is_answer(received := peer_socket.recv(4096)):
                    return received
    raise TimeoutError(f"{address} does not answer")
