"""A real opentracker, over UDP and HTTP. Debian: opentracker."""

import shutil
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL
from typing import NamedTuple

import bencodepy
import requests

from tests.servers import running, wait_until

Address = tuple[str, int]


class Opentracker(NamedTuple):
    address: Address

    @property
    def udp(self) -> str:
        return "udp://{}:{}/announce".format(*self.address)

    @property
    def http(self) -> str:
        return "http://{}:{}/announce".format(*self.address)

    def wait_for(self, *targets: bytes, seconds: float = 120) -> None:
        """Until each has been announced: who asks too early is told to come back in half an hour."""
        deadline = time.monotonic() + seconds
        while not all(map(self._knows, targets)):
            assert time.monotonic() < deadline, "nobody has told the tracker"
            time.sleep(0.1)

    def _knows(self, target: bytes) -> bool:
        asked = requests.get("http://{}:{}/scrape".format(*self.address), {"info_hash": target}, timeout=30)
        told = bencodepy.decode(asked.content)[b"files"].get(target, {})
        return bool(told.get(b"complete", 0) or told.get(b"incomplete", 0))


@contextmanager
def opentracker(home: Path, address: Address, targets: Iterable[bytes]) -> Iterator[Opentracker]:
    """Debian's takes announces of listed torrents only: `targets` are v1 hashes, and beginnings of v2 hashes."""
    host, port = address
    (home / "listed").write_text("".join(f"{target.hex()}\n" for target in targets))
    shutil.chown(home, "nobody")  # who it becomes; it sees no other folder
    command = f"opentracker -i {host} -p {port} -P {port} -d {home} -u nobody -w listed"
    with running(command.split(), home / "log", stop=SIGKILL) as process:  # it ignores SIGTERM
        wait_until(lambda: accepts_connections(address), process, home / "log")
        yield Opentracker(address)


def accepts_connections(address: Address) -> bool:
    try:
        socket.create_connection(address, timeout=5).close()
    except OSError:
        return False
    return True
