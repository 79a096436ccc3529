"""Peers that are nothing but an address: each announces itself to the DHT (BEP 5) and to trackers, and is gone."""

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
_PATIENCE = 20.0  # seconds
_WHOLE = 20  # bytes that the answer to an announce has at least (BEP 15)


def announce_to_dht(hosts: Iterable[str], target: bytes, nodes: Iterable[Address]) -> None:
    """All of them at each of the nodes."""
    at = list(nodes)

    def join(host: str) -> None:
        for node in at:
            _announce_to_node(host, target, node)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(join, hosts))


def announce_to_udp_tracker(
    hosts: Iterable[str], target: bytes, tracker: Address, *, seeds: bool = False
) -> None:
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda host: _announce_by_udp(host, target, tracker, seeds), hosts))


def udp_tracker_answers(tracker: Address) -> bool:
    with _line("70.3.0.1") as line:
        line.settimeout(0.2)
        line.sendto(struct.pack("!QII", 0x41727101980, 0, 1), tracker)
        try:
            return len(line.recv(4096)) == 16
        except OSError:
            return False


def _announce_to_node(host: str, target: bytes, node: Address) -> None:
    with _line(host) as line:
        id_ = secrets.token_bytes(20)
        asked = {"id": id_, "info_hash": target}
        token = _krpc(line, node, "get_peers", asked)[b"token"]
        _krpc(line, node, "announce_peer", {**asked, "port": _PORT, "token": token})


def _krpc(
    line: socket.socket, node: Address, method: str, arguments: Mapping[str, object]
) -> dict[bytes, bytes]:
    """The node may have something to ask too, and does: that is not the answer."""
    id_ = secrets.token_bytes(4)
    query = bencodepy.encode({"t": id_, "y": "q", "q": method, "a": arguments})

    def is_answer(packet: bytes) -> bool:
        said = bencodepy.decode(packet)
        return bool(said[b"t"] == id_ and said[b"y"] != b"q")

    answer: dict[bytes, dict[bytes, bytes]] = bencodepy.decode(_ask(line, node, query, is_answer))
    assert b"r" in answer, answer
    return answer[b"r"]


def _announce_by_udp(host: str, target: bytes, tracker: Address, seeds: bool) -> None:
    """BEP 15."""
    with _line(host) as line:
        connected = _ask(line, tracker, struct.pack("!QII", 0x41727101980, 0, 1), _answers_to(1))
        left = 0 if seeds else 1
        numbers = struct.pack("!QQQIIIiH", 0, left, 0, 2, 0, 7, -1, _PORT)
        head = connected[8:16] + struct.pack("!II", 1, 2)
        announce = head + target + secrets.token_bytes(20) + numbers
        deadline = time.monotonic() + _PATIENCE
        # opentracker says nothing more than that as long as it has not read its list.
        while len(answer := _ask(line, tracker, announce, _answers_to(2))) < _WHOLE:
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)
        assert answer.startswith(struct.pack("!I", 1)), answer


def _answers_to(transaction: int) -> Callable[[bytes], bool]:
    return lambda packet: packet[4:8] == struct.pack("!I", transaction)


def _line(host: str) -> socket.socket:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind((host, _PORT))
    return line


def _ask(line: socket.socket, at: Address, packet: bytes, is_answer: Callable[[bytes], bool]) -> bytes:
    """UDP may lose either of the two, and an answer that was waited for in vain may come after all."""
    for _ in range(10):
        line.sendto(packet, at)
        deadline = time.monotonic() + _PATIENCE / 10
        while (left := deadline - time.monotonic()) > 0:
            line.settimeout(left)
            with suppress(TimeoutError):
                if is_answer(heard := line.recv(4096)):
                    return heard
    raise TimeoutError(f"{at} does not answer")
