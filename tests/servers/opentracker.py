"""A real opentracker, over UDP and HTTP. Debian: opentracker."""

import shutil
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL
from typing import NamedTuple

from tests.servers import running, wait_until

Address = tuple[str, int]


class Opentracker(NamedTuple):
    udp: str
    http: str


@contextmanager
def opentracker(home: Path, address: Address, targets: Iterable[bytes]) -> Iterator[Opentracker]:
    """Debian's takes announces of listed torrents only: `targets` are v1 hashes, and beginnings of v2 hashes."""
    host, port = address
    (home / "listed").write_text("".join(f"{target.hex()}\n" for target in targets))
    shutil.chown(home, "nobody")  # who it becomes; it sees no other folder
    command = f"opentracker -i {host} -p {port} -P {port} -d {home} -u nobody -w listed"
    with running(command.split(), home / "log", stop=SIGKILL) as process:  # it ignores SIGTERM
        wait_until(lambda: listens(address), process, home / "log")
        yield Opentracker(f"udp://{host}:{port}/announce", f"http://{host}:{port}/announce")


def listens(address: Address) -> bool:
    try:
        socket.create_connection(address, timeout=5).close()
    except OSError:
        return False
    return True
