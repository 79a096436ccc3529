"""Trackers that redirect to private addresses, send too much, send nonsense, hang or refuse: a URL for each."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers.libtorrent_peers import Address

_PUBLIC: Address = ("44.1.0.6", 8081)
_PRIVATE: Address = ("127.0.0.1", 8082)
_SILENT: Address = ("44.1.0.5", 6969)
_BASE_URL = "http://{}:{}".format(*_PUBLIC)

URLS = [
    f"{_BASE_URL}/redirect/announce",
    f"{_BASE_URL}/large/announce",
    f"{_BASE_URL}/garbage/announce",
    f"{_BASE_URL}/hang/announce",
    f"{_BASE_URL}/refuse/announce",
    f"{_BASE_URL}/loop/announce",
    f"{_BASE_URL}/invalid/announce",
    "http://{}:{}/announce".format(*_PRIVATE),
    "udp://{}:{}".format(*_SILENT),
    "udp://127.0.0.1:8082",
]


@dataclass
class Visits:
    private: int = 0
    """Requests at the private address, over HTTP or UDP."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answers = {
            "redirect": self._redirect,
            "large": self._send_large,
            "garbage": self._send_garbage,
            "hang": self._hang,
            "refuse": self._refuse,
            "loop": self._redirect_to_itself,
            "invalid": self._send_invalid_peers,
        }
        with suppress(OSError):
            answers[self.path.split("/")[1]]()

    def _redirect(self) -> None:
        self._send(302, b"", "http://{}:{}/announce".format(*_PRIVATE))

    def _redirect_to_itself(self) -> None:
        self._send(302, b"", self.path)

    def _send_large(self) -> None:
        """An answer of 10 MB that begins correctly."""
        self._send(200, b"d8:intervali1800e5:peers10000000:" + bytes(10_000_000) + b"e")

    def _send_garbage(self) -> None:
        self._send(200, b"<html>It works!</html>")

    def _hang(self) -> None:
        time.sleep(30)

    def _refuse(self) -> None:
        self._send(200, b"d14:failure reason8:not heree")

    def _send_invalid_peers(self) -> None:
        """A host name, a private address, a number, and half of an IPv6 peer."""
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
        """Keeps requests out of the test's output."""


@contextmanager
def misleading_trackers() -> Iterator[Visits]:
    visits = Visits()

    class PrivateHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            visits.private += 1
            self.send_error(404)

    servers = [ThreadingHTTPServer(_PUBLIC, _Handler), ThreadingHTTPServer(_PRIVATE, PrivateHandler)]
    for server in servers:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(_SILENT)
    private = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    private.bind(_PRIVATE)
    private.setblocking(False)
    try:
        yield visits
        with suppress(BlockingIOError):
            private.recv(2048)
            visits.private += 1
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
        silent.close()
        private.close()
