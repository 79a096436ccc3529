"""A server that answers every connection in one of many wrong ways, until its caller has had enough."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

Behaviour = Callable[[socket.socket, bytes], None]
"""Gets the connection, and the beginning of what was asked."""

_SESSION = b'{"result": "success", "arguments": {"torrents": [], "version": "4", "rpc-version": 18}}'
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def never_answer(connection: socket.socket, asked: bytes) -> None:
    time.sleep(60)


def close_without_answer(connection: socket.socket, asked: bytes) -> None:
    """Says nothing and closes."""


def answer_without_http(connection: socket.socket, asked: bytes) -> None:
    connection.sendall(b"220 mail.example ESMTP\r\n")


def drip_headers(connection: socket.socket, asked: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(6000):
        connection.sendall(b"a")
        time.sleep(0.1)


def drip_body(connection: socket.socket, asked: bytes) -> None:
    connection.sendall(_OK + b"Content-Length: 6000\r\n\r\n[")
    for _ in range(5999):
        connection.sendall(b" ")
        time.sleep(0.1)


def answer_without_end(connection: socket.socket, asked: bytes) -> None:
    connection.sendall(_OK + b"\r\n[")
    while True:
        connection.sendall(b" " * 65_536)


def break_off_body(connection: socket.socket, asked: bytes) -> None:
    connection.sendall(_OK + b"Content-Length: 600\r\n\r\n[")


def redirect_elsewhere(connection: socket.socket, asked: bytes) -> None:
    connection.sendall(b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n")


def answer_with(body: bytes, status: bytes = b"200 OK") -> Behaviour:
    def say(connection: socket.socket, asked: bytes) -> None:
        connection.sendall(
            b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body
        )

    return say


def answer_after_session(body: bytes) -> Behaviour:
    """A Transmission that tells its version, and says this to all else."""
    return lambda connection, asked: answer_with(_SESSION if b"session-get" in asked else body)(
        connection, asked
    )


def reveal_secret(secret: str) -> Behaviour:
    """A Transmission that takes no torrent, and gives as its reason what nobody should hear."""

    def tell(connection: socket.socket, asked: bytes) -> None:
        answer = _SESSION
        if b"torrent-add" in asked:
            answer = b'{"result": "\\u001b[31mwho says %s may not\\n"}' % secret.encode()
        answer_with(answer)(connection, asked)

    return tell


@contextmanager
def misbehaving_server(manner: Behaviour) -> Iterator[int]:
    """Its port on 127.0.0.1."""
    stopped = Event()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            asked = connection.recv(65_536)
            if (
                asked.endswith(b"\r\n\r\n")
                and b"\r\nContent-Length: 0\r\n" not in asked
                and asked[:4] == b"POST"
            ):
                asked += connection.recv(65_536)  # the body comes by itself
            manner(connection, asked)

    def accept() -> None:
        while not stopped.is_set():
            connection, _ = listening.accept()
            Thread(target=serve, args=[connection], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = int(listening.getsockname()[1])
        thread = Thread(target=accept, daemon=True)
        thread.start()
        yield port
        stopped.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        thread.join()
