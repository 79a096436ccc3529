"""A tracker over HTTP (BEP 3, 23) and one over UDP (BEP 15) that record the announces of clients."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import parse_qs

import bencodepy

from tests.servers.http_server import address_family, announce_url, http_server
from tests.servers.libtorrent_peers import Address

_PROTOCOL_ID, _CONNECTION_ID = 0x41727101980, 42  # BEP 15; the connection id of every client
_CONNECT, _ANNOUNCE = 0, 1
_EVENTS = ("", "completed", "started", "stopped")


class Announce(NamedTuple):
    infohash: bytes
    port: int
    event: str


@dataclass
class Tracker:
    url: str
    peers: dict[bytes, list[Address]]
    """By infohash; each client that announces is added to the torrent's."""
    announces: list[Announce] = field(default_factory=list)

    def record(self, host: str, announce: Announce) -> dict[bytes, bytes]:
        """The compact peers of the answer, IPv4 and IPv6 (BEP 23, BEP 7)."""
        self.announces.append(announce)
        known = self.peers.setdefault(announce.infohash, [])
        if announce.event == "stopped":
            known[:] = [peer for peer in known if peer != (host, announce.port)]
            return {b"peers": b"", b"peers6": b""}
        if (host, announce.port) not in known:
            known.append((host, announce.port))
        packed = [(ip_address(host), struct.pack("!H", port)) for host, port in known]
        return {
            key: b"".join(host.packed + port for host, port in packed if host.version == version)
            for key, version in ((b"peers", 4), (b"peers6", 6))
        }


@contextmanager
def http_tracker(address: Address, peers: dict[bytes, list[Address]]) -> Iterator[Tracker]:
    tracker = Tracker(announce_url("http", address), peers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/scrape?"):
                # Transmission 3.00 forgets the intervals of a tracker that refuses this (announcer.c).
                return self.send_dictionary({b"files": {}})
            if not self.path.startswith("/announce?"):
                return self.send_error(404)
            # Latin-1 keeps the bytes of the hash as they are.
            parameters = parse_qs(self.path.partition("?")[2], encoding="latin-1")
            infohash, port = parameters["info_hash"][0].encode("latin-1"), int(parameters["port"][0])
            compact = tracker.record(
                self.client_address[0], Announce(infohash, port, parameters.get("event", [""])[0])
            )
            return self.send_dictionary({b"interval": 1800, b"min interval": 1, **compact})

        def send_dictionary(self, answer: dict[bytes, object]) -> None:
            body = bencodepy.encode(answer)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(BrokenPipeError):  # a client that announces `stopped` may not wait for the answer
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keeps requests out of the test's output."""

    with http_server(address, Handler):
        yield tracker


@contextmanager
def udp_tracker(address: Address, peers: dict[bytes, list[Address]]) -> Iterator[Tracker]:
    tracker = Tracker(announce_url("udp", address), peers)
    server = socket.socket(address_family(address), socket.SOCK_DGRAM)
    server.bind(address)
    thread = threading.Thread(target=_answer_requests, args=(server, tracker), daemon=True)
    thread.start()
    try:
        yield tracker
    finally:
        server.sendto(b"", address)  # ends the thread
        thread.join()
        server.close()


def _answer_requests(server: socket.socket, tracker: Tracker) -> None:
    while True:
        packet, sender = server.recvfrom(2048)
        if not packet:
            return
        connection_id, action, transaction = struct.unpack("!QII", packet[:16])
        if connection_id != (_PROTOCOL_ID if action == _CONNECT else _CONNECTION_ID):
            continue
        if action == _CONNECT:
            server.sendto(struct.pack("!IIQ", _CONNECT, transaction, _CONNECTION_ID), sender)
        elif action == _ANNOUNCE:
            event, port = struct.unpack("!I12xH", packet[80:98])
            answer = tracker.record(sender[0], Announce(packet[16:36], port, _EVENTS[event]))
            compact = answer[b"peers6" if server.family == socket.AF_INET6 else b"peers"]
            server.sendto(struct.pack("!IIIII", _ANNOUNCE, transaction, 1800, 0, 1) + compact, sender)
