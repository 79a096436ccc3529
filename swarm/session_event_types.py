"""What a libtorrent session reports, as plain values.

A `target` is the 20 bytes by which swarm and DHT know a torrent: its v1 hash, or its truncated v2 hash (BEP 52).
"""

from dataclasses import dataclass

from swarm.search_request import PeerAddress


@dataclass(frozen=True, slots=True)
class PeersFound:
    """A DHT node has answered a lookup."""

    target: bytes
    peers: list[PeerAddress]


@dataclass(frozen=True, slots=True)
class MetadataReceived:
    info: bytes
    """The info dictionary; its hash is right."""
    has_v2: bool
    piece_layers_size: int
    """Bytes of the piece layers that have to be fetched: those of v2 files that are longer than a piece."""


@dataclass(frozen=True, slots=True)
class PieceLayersReceived:
    target: bytes
    piece_layers: dict[bytes, bytes] | None
    """Pieces root to piece layer. None: not all of them have come yet, or one of them is false."""


@dataclass(frozen=True, slots=True)
class MetadataMismatch:
    """The info dictionary that the peers sent has another hash."""

    target: bytes


@dataclass(frozen=True, slots=True)
class MetadataUnusable:
    """The info dictionary has the right hash, and libtorrent does not accept it."""

    target: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class SessionStatistics:
    values: dict[str, int]
    """libtorrent's counters and gauges by their names."""


TargetEvent = PeersFound | PieceLayersReceived | MetadataMismatch | MetadataUnusable
SessionEvent = TargetEvent | MetadataReceived | SessionStatistics
