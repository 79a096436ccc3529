"""The contract: a person's own torrent client, asked and told over its web interface. Plain values, nothing of ours.

A torrent is named by any of its infohashes in raw bytes: 20 (v1, or a truncated v2) or 32 (v2).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Literal, NamedTuple, Protocol

from clients.address import ClientAddress, parse_client_addresses

__all__ = [
    "ClientAddress",
    "Client",
    "ClientError",
    "ClientFile",
    "Garbled",
    "NoAnswer",
    "OutOfReach",
    "RejectedTorrent",
    "RejectedTracker",
    "TorrentToAdd",
    "TorrentState",
    "ClientTorrent",
    "ClientTracker",
    "Unfinished",
    "UnknownTorrent",
    "Unreachable",
    "WrongPassword",
    "find_known_infohash",
    "open_client",
    "parse_client_addresses",
]

TIMEOUT = 10.0  # seconds that one call may take, whatever the client does

TorrentState = Literal[
    "metadata", "downloading", "seeding", "stopped", "queued", "checking", "moving", "failed", "unknown"
]


class ClientError(Exception):
    """The client did not do it; `str(error)` says why, in a sentence that holds no password."""


class Unreachable(ClientError):
    """Nothing listens there, the name is unknown, or the certificate is not trusted."""


class NoAnswer(ClientError):
    """It was reached, but did not answer in time. Whether it did what it was told is not known."""


class WrongPassword(ClientError):
    """It does not know this user and password, or does not want to be called from here."""


class Garbled(ClientError):
    """It answers, but not as such a client does."""


class UnknownTorrent(ClientError):
    """It has no torrent under this infohash."""


class Unfinished(ClientError):
    """It has not all of this file so far."""


class OutOfReach(ClientError):
    """This server may not read the file there, or it is not as the client says."""


class RejectedTorrent(ClientError):
    """It does not take this torrent."""


class RejectedTracker(ClientError):
    """This is no announce URL, or the client does not take it."""


@dataclass(frozen=True, slots=True)
class TorrentToAdd:
    """What to add: a torrent's bytes or a magnet link, and every infohash that it is known to go by."""

    content: bytes | str
    infohashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ClientTorrent:
    """A torrent as its client sees it. `id` is the client's own name for it, and may change with a hybrid."""

    id: str
    v1: bytes | None
    v2: bytes | None
    name: str
    path: str  # the folder on the client's machine
    size: int  # bytes; 0 while the metadata is missing
    progress: float  # 0 to 1
    state: TorrentState
    tags: tuple[str, ...]
    added: datetime | None
    finished: datetime | None
    downloading: int  # bytes a second
    uploading: int
    seeds: int  # connected
    peers: int
    ratio: float
    seconds_left: int | None
    error: str

    @property
    def infohashes(self) -> tuple[bytes, ...]:
        """Whole ones: v1 first."""
        return tuple(filter(None, (self.v1, self.v2)))

    def has_infohash(self, infohash: bytes) -> bool:
        """Whether this is its v1, v2 or truncated v2 infohash."""
        return infohash in {self.v1, self.v2, (self.v2 or b"")[:20]} - {None, b""}


class ClientFile(NamedTuple):
    path: str
    size: int
    progress: float  # 0 to 1


class ClientTracker(NamedTuple):
    url: str
    state: Literal["working", "not contacted", "failing", "off"]
    message: str


class Client(Protocol):
    """Every method may raise Unreachable, NoAnswer, WrongPassword, Garbled, and with an infohash UnknownTorrent.

    A Client is for one thread, and to be closed after use.
    """

    def version(self) -> str:
        """What it calls itself: the quickest way to see that it answers."""

    def torrents(self) -> list[ClientTorrent]:
        """All that it has."""

    def find(self, infohash: bytes) -> ClientTorrent:
        """The one that goes by this infohash."""

    def files(self, infohash: bytes) -> list[ClientFile]:
        """None while the metadata is missing."""

    def trackers(self, infohash: bytes) -> list[ClientTracker]:
        """Those with a URL: not DHT, PeX and LSD, which some clients list too."""

    def add_tracker(self, infohash: bytes, url: str) -> None:
        """One that is there already is a success. Raises RejectedTracker."""

    def remove_tracker(self, infohash: bytes, url: str) -> None:
        """One that is not there is a success."""

    def add(
        self,
        source: TorrentToAdd,
        *,
        paused: bool = False,
        save_path: str | None = None,
        tags: Iterable[str] = (),
    ) -> bool:
        """Listed when it returns. False: it was there already, and stays as it is. Raises RejectedTorrent."""

    def remove(self, infohash: bytes, *, data: bool = False) -> None:
        """With `data`, what it has downloaded is deleted too."""

    def start(self, infohash: bytes) -> None: ...

    def stop(self, infohash: bytes) -> None: ...

    def reannounce(self, infohash: bytes) -> None:
        """Ask the trackers for peers now."""

    def export(self, infohash: bytes) -> bytes | None:
        """The torrent as the client keeps it; None where it cannot give it away (yet)."""

    def close(self) -> None: ...


def open_client(address: ClientAddress, timeout: float = TIMEOUT) -> Client:
    """No traffic yet."""
    # By name, because their libraries are slow to import, and most who read addresses never call.
    client: Client = import_module(f"clients.{address.kind}").from_address(address, timeout)
    return client


def find_known_infohash(client: Client, infohashes: Iterable[bytes]) -> bytes:
    """The first of one torrent's infohashes that the client knows it by. Raises UnknownTorrent."""
    unknown = UnknownTorrent("No infohash was given.")
    for infohash in infohashes:
        try:
            client.find(infohash)
            return infohash
        except UnknownTorrent as error:
            unknown = error
    raise unknown
