"""What an operator chooses about the network: addresses, ways into the DHT, trackers, limits."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Config:
    listen: str = "0.0.0.0:6881"  # noqa: S104
    """`host:port`, several with commas."""
    allow_private: bool = False
    """Contact private and reserved addresses too. Only for tests on loopback."""
    bootstrap: tuple[str, ...] = ()
    """`host:port` of nodes by which the DHT is entered."""
    trackers: tuple[str, ...] = ()
    """Asked in every search that has found nothing within a second, and in every count of a swarm."""
    dht_state: Path | None = None
    """The file that keeps the table of DHT nodes across restarts."""
    max_metadata_bytes: int = 32_000_000
    max_torrent_bytes: int = 32_000_000
    """Piece layers that would make a torrent larger than this are not fetched."""
