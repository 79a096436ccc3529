"""Real servers for tests: each in its own folder on a free port; none outlives the test run."""

import itertools
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGTERM, Signals

# Of each of the processes that pytest runs at once, and below those that the kernel gives away: what is free now may
# be bound seconds later only.
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
