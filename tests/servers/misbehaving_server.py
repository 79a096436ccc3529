"""An HTTP server that answers every connection in one wrong way: late, never, without end, or with nonsense."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

Behaviour = Callable[[socket.socket, bytes], None]
"""Gets the connection and the beginning of the request; the connection is closed when it returns."""

_TRANSMISSION_SESSION = (
    b'{"result": "success", "arguments": {"torrents": [], "version": "4", "rpc-version": 18}}'
)
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def never_answer(connection: socket.socket, request: bytes) -> None:
    time.sleep(60)


def close_without_answer(connection: socket.socket, request: bytes) -> None:
    """Returns, which closes the connection."""


def answer_without_http(connection: socket.socket, request: bytes) -> None:
    connection.sendall(b"220 mail.example ESMTP\r\n")


def drip_headers(connection: socket.socket, request: bytes) -> None:
    """Ten bytes a second."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(6000):
        connection.sendall(b"a")
        time.sleep(0.1)


def drip_body(connection: socket.socket, request: bytes) -> None:
    """Ten bytes a second."""
    connection.sendall(_OK + b"Content-Length: 6000\r\n\r\n[")
    for _ in range(5999):
        connection.sendall(b" ")
        time.sleep(0.1)


def answer_without_end(connection: socket.socket, request: bytes) -> None:
    connection.sendall(_OK + b"\r\n[")
    while True:
        connection.sendall(b" " * 65_536)


def break_off_body(connection: socket.socket, request: bytes) -> None:
    connection.sendall(_OK + b"Content-Length: 600\r\n\r\n[")


def redirect_elsewhere(connection: socket.socket, request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n")


def answer_with(body: bytes, status: bytes = b"200 OK") -> Behaviour:
    def answer(connection: socket.socket, request: bytes) -> None:
        head = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        connection.sendall(head + body)

    return answer


def answer_after_session(body: bytes) -> Behaviour:
    """A Transmission that answers `session-get` correctly, and everything else with this body."""

    def answer(connection: socket.socket, request: bytes) -> None:
        answer_with(_TRANSMISSION_SESSION if b"session-get" in request else body)(connection, request)

    return answer


def reveal_secret(secret: str) -> Behaviour:
    """A Transmission that refuses each torrent, with a reason that contains the secret and control characters."""

    def answer(connection: socket.socket, request: bytes) -> None:
        body = _TRANSMISSION_SESSION
        if b"torrent-add" in request:
            body = b'{"result": "\\u001b[31mwho says %s may not\\n"}' % secret.encode()
        answer_with(body)(connection, request)

    return answer


@contextmanager
def misbehaving_server(behave: Behaviour) -> Iterator[int]:
    """Yields its port on 127.0.0.1."""
    stopped = Event()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = connection.recv(65_536)
            if (
                request.endswith(b"\r\n\r\n")
                and b"\r\nContent-Length: 0\r\n" not in request
                and request[:4] == b"POST"
            ):
                request += connection.recv(65_536)  # the body comes in a packet of its own
            behave(connection, request)

    def accept() -> None:
        while not stopped.is_set():
            connection, _ = server.accept()
            Thread(target=serve, args=[connection], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
        thread = Thread(target=accept, daemon=True)
        thread.start()
        yield port
        stopped.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        thread.join()
