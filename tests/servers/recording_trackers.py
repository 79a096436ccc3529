"""A tracker over HTTP (BEP 3, 23) and one over UDP (BEP 15), which write down who asks what."""

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

_MAGIC, _CONNECTION = 0x41727101980, 42  # BEP 15
_EVENTS = ("", "completed", "started", "stopped")


class Announce(NamedTuple):
    infohash: bytes
    port: int
    event: str


@dataclass
class Tracker:
    url: str
    peers: dict[bytes, list[Address]]
    announces: list[Announce] = field(default_factory=list)

    def answer(self, host: str, announce: Announce) -> dict[bytes, bytes]:
        """Compact, those of IPv4 and those of IPv6 (BEP 23, BEP 7)."""
        self.announces.append(announce)
        known = self.peers.setdefault(announce.infohash, [])
        if announce.event == "stopped":
            known[:] = [peer for peer in known if peer != (host, announce.port)]
            return {b"peers": b"", b"peers6": b""}
        if (host, announce.port) not in known:
            known.append((host, announce.port))
        named = [(ip_address(host), struct.pack("!H", port)) for host, port in known]
        return {
            key: b"".join(host.packed + port for host, port in named if host.version == version)
            for key, version in ((b"peers", 4), (b"peers6", 6))
        }


@contextmanager
def http_tracker(address: Address, peers: dict[bytes, list[Address]]) -> Iterator[Tracker]:
    tracker = Tracker(announce_url("http", address), peers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/scrape?"):
                # Transmission 3.00 forgets the intervals of a tracker that refuses this (announcer.c).
                return self.tell({b"files": {}})
            if not self.path.startswith("/announce?"):
                return self.send_error(404)
            # Latin-1 keeps the hash's bytes as they are.
            asked = parse_qs(self.path.partition("?")[2], encoding="latin-1")
            infohash, port = asked["info_hash"][0].encode("latin-1"), int(asked["port"][0])
            found = tracker.answer(
                self.client_address[0], Announce(infohash, port, asked.get("event", [""])[0])
            )
            return self.tell({b"interval": 1800, b"min interval": 1, **found})

        def tell(self, answer: dict[bytes, object]) -> None:
            body = bencodepy.encode(answer)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(BrokenPipeError):  # who says `stopped` may not wait for the answer
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Not on the terminal."""

    with http_server(address, Handler):
        yield tracker


@contextmanager
def udp_tracker(address: Address, peers: dict[bytes, list[Address]]) -> Iterator[Tracker]:
    tracker = Tracker(announce_url("udp", address), peers)
    server = socket.socket(address_family(address), socket.SOCK_DGRAM)
    server.bind(address)
    thread = threading.Thread(target=_serve, args=(server, tracker), daemon=True)
    thread.start()
    try:
        yield tracker
    finally:
        server.sendto(b"", address)  # the last packet
        thread.join()
        server.close()


def _serve(server: socket.socket, tracker: Tracker) -> None:
    while True:
        packet, sender = server.recvfrom(2048)
        if not packet:
            return
        connection, action, transaction = struct.unpack("!QII", packet[:16])
        if connection != (_CONNECTION if action else _MAGIC):
            continue
        if action == 0:  # connect
            server.sendto(struct.pack("!IIQ", 0, transaction, _CONNECTION), sender)
        elif action == 1:  # announce
            event, port = struct.unpack("!I12xH", packet[80:98])
            found = tracker.answer(sender[0], Announce(packet[16:36], port, _EVENTS[event]))
            compact = found[b"peers6" if server.family == socket.AF_INET6 else b"peers"]
            server.sendto(struct.pack("!IIIII", 1, transaction, 1800, 0, 1) + compact, sender)
