"""An HTTP server at any address of a network namespace, with a handler that the test supplies."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers.libtorrent_peers import Address


@contextmanager
def http_server(address: Address, handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Yields `http://…/announce`, the URL that a tracker at this address would have."""
    family = address_family(address)

    class Server(ThreadingHTTPServer):
        address_family = family
        request_queue_size = (
            128  # Python's default is 5: a client that is not accepted retries only after minutes
        )

    server = Server(address, handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield announce_url("http", address)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def announce_url(scheme: str, address: Address) -> str:
    host, port = address
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/announce"


def address_family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET
