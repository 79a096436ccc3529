"""An HTTP server with prepared replies, in the place of another archive."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests import make

Reply = tuple[int, dict[str, str], bytes]


class FakeArchive:
    """An HTTP server with a list of replies for each path, the last of which is repeated; records the requests."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply]] = {}
        self.asked: list[tuple[str, float]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, time.monotonic()))
                replies = server.replies.get(self.path, [(404, {}, b"")])
                status, headers, body = replies.pop(0) if len(replies) > 1 else replies[0]
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def serve(self, torrent: bytes, *before: Reply, infohash: str = "") -> str:
        """Serves the torrent after some other replies; returns its infohash."""
        infohash = infohash or make.v1_hash(torrent)
        self.replies[f"/torrent/{infohash}.torrent"] = [*before, (200, {}, torrent)]
        return infohash

    def list(
        self, *infohashes: str, path: str = "/hashes.txt", pack: Callable[[bytes], bytes] = bytes
    ) -> str:
        body = pack("".join(f"{infohash}\n" for infohash in infohashes).encode())
        self.replies[path] = [(200, {}, body)]
        return self.url + path


@contextmanager
def fake_archive() -> Iterator[FakeArchive]:
    archive = FakeArchive()
    thread = threading.Thread(target=archive.http.serve_forever, args=[0.05])
    thread.start()
    yield archive
    archive.http.shutdown()
    thread.join()
    archive.http.server_close()
