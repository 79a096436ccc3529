"""An S3 server that behaves as other makes do: a proxy that changes requests and signs them anew."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.servers.radosgw import CREDENTIALS

PASSED_ON = ("Content-Type", "Cache-Control", "If-None-Match")

Oddity = Callable[[dict[str, str], bytes], bytes | int]
"""Takes a PUT's headers, which it may change, and body; returns the body to pass on, or a status to answer."""


@contextmanager
def odd_s3_server(endpoint: str, oddity: Oddity) -> Iterator[str]:
    """The endpoint of the odd server."""

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.pass_on(b"", {})

        do_HEAD = do_DELETE = do_GET

        def do_PUT(self) -> None:
            headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
            verdict = oddity(headers, self.rfile.read(int(self.headers["Content-Length"])))
            if isinstance(verdict, int):
                self.answer(verdict, {}, b"")
            else:
                self.pass_on(verdict, headers)

        def pass_on(self, body: bytes, headers: dict[str, str]) -> None:
            request = AWSRequest(self.command, endpoint + self.path, headers=headers, data=body)
            S3SigV4Auth(Credentials(*CREDENTIALS.values()), "s3", "us-east-1").add_auth(request)
            upstream = HTTPConnection(urlsplit(endpoint).netloc, timeout=60)
            upstream.request(self.command, self.path, body, dict(request.headers.items()))
            with upstream.getresponse() as response:
                self.answer(response.status, dict(response.getheaders()), response.read())
            upstream.close()

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name in {"ETag", "Content-Type"} & headers.keys():
                self.send_header(name, headers[name])
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
