"""Starts real servers for tests: each in its own folder, on a free port; none outlives the test run."""

import itertools
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGTERM, Signals

# Each of the processes that pytest runs has its own range. All lie below the ports that the kernel hands out by
# itself, since a port that is free now may be bound seconds later.
_PORTS = 2_000
_FIRST = 12_000 + _PORTS * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_numbers = itertools.count(os.getpid())


def free_port() -> int:
    for number in _numbers:
        port = _FIRST + number % _PORTS
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError


@contextmanager
def run_process(
    command: list[str], log: Path, user: str | None = None, stop: Signals = SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs the command in the foreground until the end of the block, or until this process dies.

    As root it runs as `user`, if given. `stop` is the signal that ends it.
    """
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
    """Arguments of setpriv to become this user; none if this process is not root."""
    return [f"--reuid={user}", f"--regid={user}", "--init-groups"] if user and os.getuid() == 0 else []


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float = 120
) -> None:
    """Returns once `ready` is true; raises RuntimeError if the process ends before, or after so many seconds."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} did not come up:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)
