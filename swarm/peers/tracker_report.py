"""What a tracker says of one torrent, over UDP or HTTP: peers, scrape counts, or an error."""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

ANNOUNCED_PORT = 1
"""The port in every announce. Nothing listens there, and it identifies our own entry among the peers."""


class TrackerError(Exception):
    """The tracker does not answer, refuses, or sends nonsense; the text says which, and names no peer."""


class TrackerSilent(TrackerError):
    """The tracker does not answer the first packet."""


class ScrapeCounts(NamedTuple):
    """The answer to a scrape, for one torrent (BEP 15, BEP 48)."""

    seeders: int
    completed: int
    leechers: int


@dataclass(slots=True)
class TrackerReport:
    addresses: set[str] = field(default_factory=set)
    """Of peers, without ports and without our own entry."""
    scrape: ScrapeCounts | None = None


def unpack_compact_peers(compact: bytes, family: socket.AddressFamily) -> Iterator[str]:
    """The addresses in compact peers of 6 bytes (IPv4, BEP 23) or 18 bytes (IPv6, BEP 7), without our own entry."""
    width = 4 if family == socket.AF_INET else 16
    for start in range(0, len(compact) - width - 1, width + 2):
        [port] = struct.unpack_from("!H", compact, start + width)
        if port != ANNOUNCED_PORT:
            yield socket.inet_ntop(family, compact[start : start + width])
