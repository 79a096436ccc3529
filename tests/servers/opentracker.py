"""A real opentracker, over UDP and HTTP. Debian: opentracker."""

import shutil
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL
from typing import NamedTuple
from urllib.parse import quote_from_bytes

import bencodepy
import requests

from tests.servers import run_process, wait_until
from tests.servers.libtorrent_peers import Address


class Opentracker(NamedTuple):
    address: Address

    @property
    def udp(self) -> str:
        """The announce URL over UDP."""
        return "udp://{}:{}/announce".format(*self.address)

    @property
    def http(self) -> str:
        """The announce URL over HTTP."""
        return "http://{}:{}/announce".format(*self.address)

    def wait_for(self, *targets: bytes, seconds: float = 120) -> None:
        """Until each has been announced: a client that asks earlier has to wait half an hour until it asks again."""
        deadline = time.monotonic() + seconds
        while not all(map(self._has_peers, targets)):
            assert time.monotonic() < deadline, "no client has announced to the tracker"
            time.sleep(0.1)

    def _has_peers(self, target: bytes) -> bool:
        scrape_url = "http://{}:{}/scrape".format(*self.address)
        # requests would encode a byte 0x20 as "+", which opentracker does not decode.
        answer = requests.get(f"{scrape_url}?info_hash={quote_from_bytes(target, safe='')}", timeout=30)
        counts = bencodepy.decode(answer.content)[b"files"].get(target, {})
        return bool(counts.get(b"complete", 0) or counts.get(b"incomplete", 0))


@contextmanager
def opentracker(home: Path, address: Address, targets: Iterable[bytes]) -> Iterator[Opentracker]:
    """`targets`: v1 hashes and truncated v2 hashes; Debian's opentracker accepts announces of listed ones only."""
    host, port = address
    (home / "listed").write_text("".join(f"{target.hex()}\n" for target in targets))
    shutil.chown(home, "nobody")  # the user that opentracker becomes; it changes its root to this folder
    command = f"opentracker -i {host} -p {port} -P {port} -d {home} -u nobody -w listed"
    with run_process(command.split(), home / "log", stop=SIGKILL) as process:  # it ignores SIGTERM
        wait_until(lambda: accepts_connections(address), process, home / "log")
        yield Opentracker(address)


def accepts_connections(address: Address) -> bool:
    try:
        socket.create_connection(address, timeout=5).close()
    except OSError:
        return False
    return True
