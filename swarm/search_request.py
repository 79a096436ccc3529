"""What is looked for, what was found, and how a torrent is made of it. Plain values."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """At least one of the hashes; if both, the info dictionary must answer to both."""

    v1: bytes | None = None
    """20 bytes. May also be the beginning of a v2 hash: nobody can tell them apart."""
    v2: bytes | None = None
    """32 bytes."""
    trackers: tuple[str, ...] = ()
    peers: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        if not (self.v1 or self.v2) or len(self.v1 or bytes(20)) != 20 or len(self.v2 or bytes(32)) != 32:
            raise ValueError("a wish needs a hash of 20 bytes, or one of 32, or both")

    @property
    def hashes(self) -> tuple[bytes, ...]:
        if self.v1 and self.v2 and self.v2.startswith(self.v1):
            return (self.v2,)
        return tuple(one for one in (self.v1, self.v2) if one)

    @property
    def targets(self) -> frozenset[bytes]:
        """What swarm and DHT know it by: 20 bytes, be the hash a v1 or a v2."""
        return frozenset(one[:20] for one in self.hashes)

    def met_by(self, v1: bytes, v2: bytes) -> bool:
        """By an info dictionary of these hashes."""
        return self.v2 in (None, v2) and self.v1 in (None, v1, v2[:20])


def hash_info_dictionary(info: bytes) -> tuple[bytes, bytes]:
    """What an info dictionary would go by in v1 (20 bytes) and in v2 (32)."""
    return hashlib.sha1(info, usedforsecurity=False).digest(), hashlib.sha256(info).digest()


@dataclass(frozen=True, slots=True)
class FoundMetadata:
    info: bytes
    """The info dictionary, byte for byte as the hash was made of it."""
    layers: dict[bytes, bytes] | None
    """Pieces root to piece layer (BEP 52); empty where no file needs one. None: a v1 torrent, or not got."""
    seconds: float
    unusable: str = ""
    """Why nothing can be made of it; `info` is empty then. It is the truth all the same, whoever is asked."""


def build_torrent(found: FoundMetadata, trackers: Sequence[str] = ()) -> bytes:
    """Laid round the info dictionary as it is: encoding it anew could change its hash."""
    parts = [b"d"]
    if trackers:
        parts += [b"8:announce", _string(trackers[0].encode())]
    if len(trackers) > 1:
        tiers = (b"l" + _string(tracker.encode()) + b"e" for tracker in trackers)
        parts += [b"13:announce-list", b"l", *tiers, b"e"]
    parts += [b"4:info", found.info]
    if found.layers is not None:
        pairs = (_string(root) + _string(found.layers[root]) for root in sorted(found.layers))
        parts += [b"12:piece layers", b"d", *pairs, b"e"]
    return b"".join([*parts, b"e"])


def _string(value: bytes) -> bytes:
    return b"%d:%b" % (len(value), value)
