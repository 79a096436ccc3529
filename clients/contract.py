"""What can be asked of every torrent client, and the plain values that it answers with.

A torrent is identified by any of its infohashes in raw bytes: 20 (v1, or a truncated v2) or 32 (v2).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from clients.errors import UnknownTorrent

TorrentState = Literal[
    "metadata", "downloading", "seeding", "stopped", "queued", "checking", "moving", "failed", "unknown"
]


@dataclass(frozen=True, slots=True)
class TorrentToAdd:
    """What to add: a torrent's bytes or a magnet link, and all of its infohashes that are known."""

    content: bytes | str
    infohashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ClientTorrent:
    """A torrent as its client sees it."""

    id: str  # what the client calls it; that of a hybrid may change
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
    uploading: int  # bytes a second
    seeds: int  # connected
    peers: int  # connected, seeds among them
    ratio: float  # uploaded to downloaded
    seconds_left: int | None
    error: str
    started: datetime | None = None  # when it was last started, if the client tells
    last_active: datetime | None = None  # when it last sent or received content

    @property
    def infohashes(self) -> tuple[bytes, ...]:
        """Its whole infohashes, v1 first."""
        return tuple(filter(None, (self.v1, self.v2)))

    def has_infohash(self, infohash: bytes) -> bool:
        """Whether this is its v1, v2 or truncated v2 infohash."""
        return infohash in {self.v1, self.v2, (self.v2 or b"")[:20]} - {None, b""}


class ClientFile(NamedTuple):
    """A file of a client's torrent."""

    path: str  # with the torrent's folder before it, if it has one
    size: int  # bytes
    progress: float  # 0 to 1


class ClientTracker(NamedTuple):
    """A tracker of a client's torrent."""

    url: str
    state: Literal["working", "not contacted", "failing", "off"]
    message: str  # from the tracker or the client


class Client(Protocol):
    """A connection to one torrent client, for one thread; to be closed after use.

    Every method but close() may raise Unreachable, NoAnswer, WrongPassword or Garbled, and with an infohash
    UnknownTorrent.
    """

    def version(self) -> str:
        """The client's name and version: the cheapest request, to see whether it answers."""

    def torrents(self) -> list[ClientTorrent]:
        """All torrents that it has."""

    def find(self, infohash: bytes) -> ClientTorrent:
        """The torrent with this infohash."""

    def files(self, infohash: bytes) -> list[ClientFile]:
        """A torrent's files; empty while the metadata is missing."""

    def trackers(self, infohash: bytes) -> list[ClientTracker]:
        """A torrent's trackers that have a URL: not DHT, PeX and LSD, which some clients list too."""

    def add_tracker(self, infohash: bytes, url: str) -> None:
        """Add a tracker; one that is there already is no error. Raises RejectedTracker."""

    def remove_tracker(self, infohash: bytes, url: str) -> None:
        """Remove a tracker; one that is not there is no error."""

    def add(
        self,
        source: TorrentToAdd,
        *,
        paused: bool = False,
        save_path: str | None = None,
        tags: Iterable[str] = (),
    ) -> bool:
        """Add a torrent; the client lists it when this returns.

        Returns False if it was there already; it stays as it is then. Raises RejectedTorrent.
        """

    def remove(self, infohash: bytes, *, data: bool = False) -> None:
        """Remove a torrent, with `data` also what has been downloaded of it."""

    def start(self, infohash: bytes) -> None:
        """Start downloading or seeding."""

    def stop(self, infohash: bytes) -> None:
        """Stop downloading and seeding."""

    def reannounce(self, infohash: bytes) -> None:
        """Have the client ask the trackers for peers now."""

    def export(self, infohash: bytes) -> bytes | None:
        """The torrent's bytes as the client keeps them; None where it cannot hand them out, or not yet."""

    def close(self) -> None:
        """Close the connections."""


def find_known_infohash(client: Client, infohashes: Iterable[bytes]) -> bytes:
    """The first of one torrent's infohashes that the client knows. Raises UnknownTorrent."""
    unknown = UnknownTorrent("No infohash was given.")
    for infohash in infohashes:
        try:
            client.find(infohash)
            return infohash
        except UnknownTorrent as error:
            unknown = error
    raise unknown
