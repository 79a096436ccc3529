"""A fake qBittorrent: an HTTP server with its Web API that answers what a test sets."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from clients import ClientAddress

_TORRENT = {
    "name": "a film",
    "save_path": "/downloads",
    "total_size": 1,
    "progress": 1,
    "state": "stalledUP",
    "tags": "",
    "added_on": 1,
    "completion_on": 1,
    "dlspeed": 0,
    "upspeed": 0,
    "num_seeds": 0,
    "num_leechs": 0,
    "ratio": 0,
    "eta": 8_640_000,
    "infohash_v2": "",
}


@dataclass
class FakeQbittorrent:
    port: int
    torrents: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    requested_paths: list[str] = field(default_factory=list)

    @property
    def address(self) -> ClientAddress:
        return ClientAddress("qbittorrent", False, "127.0.0.1", self.port, "/", "me", "a password")

    def set_torrent(self, v1: bytes, **fields: Any) -> None:
        """Have one torrent, which is finished unless `fields` say otherwise."""
        self.torrents = [_TORRENT | {"hash": v1.hex(), "infohash_v1": v1.hex()} | fields]

    def add_file(self, name: str, size: int, progress: float = 1) -> None:
        """Add a file to the torrent."""
        self.files.append({"name": name, "size": size, "progress": progress})

    def answer(self, path: str) -> bytes:
        self.requested_paths.append(path)
        match path.removeprefix("/api/v2/"):
            case "app/version":
                return b"v5.1.0"
            case "app/webapiVersion":
                return b"2.11.4"
            case "torrents/info":
                return json.dumps(self.torrents).encode()
            case "torrents/files":
                return json.dumps(self.files).encode()
        return b"Ok."


@contextmanager
def fake_qbittorrent() -> Iterator[FakeQbittorrent]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = pretender.answer(urlsplit(self.path).path)
            self.send_response(200)
            self.send_header("Set-Cookie", "SID=a")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        pretender = FakeQbittorrent(server.server_port)
        thread = Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        try:
            yield pretender
        finally:
            server.shutdown()
            thread.join()
