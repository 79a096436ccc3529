"""Real servers for tests: each in its own folder on a free port; none outlives the test run."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM, Signals


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    command: list[str], log: Path, user: str | None = None, stop: Signals = SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    """The command in the foreground, as another user if we are root; stopped at the end, or when we die."""
    guard = ["setpriv", "--pdeathsig", stop.name.removeprefix("SIG"), *as_user(user), "--"]
    with log.open("ab") as output:
        process = subprocess.Popen(guard + command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def as_user(user: str | None) -> list[str]:
    """What setpriv needs to become this user; nothing when we could not anyway."""
    return [f"--reuid={user}", f"--regid={user}", "--init-groups"] if user and os.getuid() == 0 else []


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float = 120
) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} did not come up:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)
