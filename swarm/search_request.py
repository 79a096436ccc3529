"""What a search is asked for: the infohashes of one torrent, and trackers and peers that may know it."""

from dataclasses import dataclass

PeerAddress = tuple[str, int]
"""IPv4 or IPv6 address as text, and port."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """At least one infohash; if there are both, the info dictionary must match both.

    Raises ValueError for a hash of another length.
    """

    v1: bytes | None = None
    """20 bytes. They may also be a truncated v2 hash: the two cannot be distinguished."""
    v2: bytes | None = None
    """32 bytes."""
    trackers: tuple[str, ...] = ()
    """Announce URLs."""
    peers: tuple[PeerAddress, ...] = ()

    def __post_init__(self) -> None:
        if not (self.v1 or self.v2) or len(self.v1 or bytes(20)) != 20 or len(self.v2 or bytes(32)) != 32:
            raise ValueError("a search needs a hash of 20 bytes, or one of 32, or both")

    @property
    def infohashes(self) -> tuple[bytes, ...]:
        """The one or two distinct hashes; a truncated v2 hash is left out where the whole one is known."""
        if self.v1 and self.v2 and self.v2.startswith(self.v1):
            return (self.v2,)
        return tuple(infohash for infohash in (self.v1, self.v2) if infohash)

    @property
    def targets(self) -> frozenset[bytes]:
        """The 20 bytes by which swarm and DHT know each hash: a v1 hash, or a truncated v2 hash (BEP 52)."""
        return frozenset(infohash[:20] for infohash in self.infohashes)

    def matches(self, v1: bytes, v2: bytes) -> bool:
        """Whether an info dictionary of these hashes is what was asked for."""
        return self.v2 in (None, v2) and self.v1 in (None, v1, v2[:20])
