"""A real Redis. Debian: apt-get install redis-server."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.servers import free_port, run_process, wait_until


@contextmanager
def redis() -> Iterator[str]:
    """The CACHE_URL of an empty one that writes nothing to the disk."""
    with TemporaryDirectory(prefix="redis-") as folder:
        port, log = free_port(), Path(folder) / "log"
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with run_process(["redis-server", *options], log) as process:
            wait_until(lambda: is_answering(port), process, log)
            yield f"redis://127.0.0.1:{port}/0"


def is_answering(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(100) == b"+PONG\r\n"
    except OSError:
        return False
