"""Runs wrk, a load generator that needs little CPU itself."""

import subprocess
from pathlib import Path
from typing import NamedTuple

_HERE = Path(__file__).parent


class Load(NamedTuple):
    requests: int
    rate: float  # a second
    p99: float  # milliseconds


def run_wrk(url: str, script: str, *args: object, connections: int, seconds: int) -> Load:
    """Keeps that many connections busy from one thread; the script's done() prints four numbers."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(_HERE / script), url, "--"]
    done = subprocess.run([*command, *map(str, args)], capture_output=True, text=True, check=True)
    requests, duration, p99, failed = map(float, done.stdout.splitlines()[-1].split())
    if failed or not requests:
        raise RuntimeError(f"{int(failed)} of {int(requests)} requests failed at {url}")
    return Load(int(requests), requests / duration, p99)
