"""Trackers that nobody should believe: each URL leads to another kind of trouble."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers.libtorrent_peers import Address

_AT: Address = ("44.1.0.6", 8081)
_PRIVATE: Address = ("127.0.0.1", 8082)
_MUTE: Address = ("44.1.0.5", 6969)
_BASE = "http://{}:{}".format(*_AT)

URLS = [
    f"{_BASE}/redirect/announce",
    f"{_BASE}/large/announce",
    f"{_BASE}/garbage/announce",
    f"{_BASE}/hang/announce",
    f"{_BASE}/refuse/announce",
    f"{_BASE}/round/announce",
    f"{_BASE}/odd/announce",
    "http://{}:{}/announce".format(*_PRIVATE),
    "udp://{}:{}".format(*_MUTE),
    "udp://127.0.0.1:8082",
]


@dataclass
class Visits:
    private: int = 0


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        with suppress(OSError):
            getattr(self, f"_{self.path.split('/')[1]}")()

    def _redirect(self) -> None:
        self._send(302, b"", "http://{}:{}/announce".format(*_PRIVATE))

    def _round(self) -> None:
        self._send(302, b"", self.path)

    def _large(self) -> None:
        """10 MB of an answer that has begun well."""
        self._send(200, b"d8:intervali1800e5:peers10000000:" + bytes(10_000_000) + b"e")

    def _garbage(self) -> None:
        self._send(200, b"<html>It works!</html>")

    def _hang(self) -> None:
        time.sleep(30)

    def _refuse(self) -> None:
        self._send(200, b"d14:failure reason8:not heree")

    def _odd(self) -> None:
        """Peers that are none: halves, names, private addresses."""
        self._send(
            200, b"d5:peersld2:ip9:localhost4:porti2eed2:ip8:10.0.0.14:porti2eei5ee6:peers67:\1\2\3\4\5\6\7e"
        )

    def _send(self, status: int, body: bytes, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Not on the terminal."""


@contextmanager
def misleading_trackers() -> Iterator[Visits]:
    visits = Visits()

    class Private(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            visits.private += 1
            self.send_error(404)

    servers = [ThreadingHTTPServer(_AT, _Handler), ThreadingHTTPServer(_PRIVATE, Private)]
    for server in servers:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
    mute = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    mute.bind(_MUTE)
    inside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inside.bind(_PRIVATE)
    inside.setblocking(False)
    try:
        yield visits
        with suppress(BlockingIOError):
            inside.recv(2048)
            visits.private += 1
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
        mute.close()
        inside.close()
