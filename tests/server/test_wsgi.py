"""What lies between the web server and Django."""

import socket

from tests.servers.hashkeep import Hashkeep


def test_an_answer_comes_in_one_piece(server: Hashkeep) -> None:
    """In two, the second waits until the client confirms the first, which takes clients up to 40 ms (RFC 896)."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        for _ in range(20):
            connection.sendall(b"GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head, _, body = connection.recv(65_536).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert body.startswith(b'{"torrents":')
