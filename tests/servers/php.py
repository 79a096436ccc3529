"""PHP's own web server, with a script in its folder."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def serve_php(folder: Path, script: str) -> Iterator[str]:
    """The URL of this script, while PHP serves it."""
    (folder / "index.php").write_text(script)
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["php", "-S", f"127.0.0.1:{port}", "-t", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await_port(port)
        yield f"http://127.0.0.1:{port}/index.php"
    finally:
        process.terminate()
        process.wait()


def _await_port(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("PHP did not start.")
