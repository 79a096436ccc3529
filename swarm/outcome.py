"""What a search ends with.

FoundMetadata      the info dictionary was found
UnusableMetadata   it was found, and libtorrent does not accept it
None               it was not found in time
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoundMetadata:
    info: bytes
    """The info dictionary, byte for byte as it was hashed."""
    piece_layers: dict[bytes, bytes] | None
    """Pieces root to piece layer (BEP 52); empty where no file needs one. None: a v1 torrent, or not received."""
    seconds: float
    """From the request to the outcome."""


@dataclass(frozen=True, slots=True)
class UnusableMetadata:
    """The info dictionary has the right hash, so every peer would send the same: asking others is useless."""

    reason: str
    """libtorrent's message."""
    seconds: float
    """From the request to the outcome."""


SearchOutcome = FoundMetadata | UnusableMetadata | None
