"""Makes a .torrent file of an info dictionary, which it never encodes anew: that could change its hash."""

import hashlib
from collections.abc import Sequence

from swarm.outcome import FoundMetadata


def hash_info_dictionary(info: bytes) -> tuple[bytes, bytes]:
    """The infohash in v1 (SHA-1, 20 bytes) and in v2 (SHA-256, 32 bytes), whichever of them the torrent uses."""
    return hashlib.sha1(info, usedforsecurity=False).digest(), hashlib.sha256(info).digest()


def build_torrent(metadata: FoundMetadata, trackers: Sequence[str] = ()) -> bytes:
    """The bencoded file: info dictionary, piece layers if there are any, and each tracker in a tier of its own."""
    parts = [b"d"]
    if trackers:
        parts += [b"8:announce", _encode_string(trackers[0].encode())]
    if len(trackers) > 1:
        tiers = (b"l" + _encode_string(tracker.encode()) + b"e" for tracker in trackers)
        parts += [b"13:announce-list", b"l", *tiers, b"e"]
    parts += [b"4:info", metadata.info]
    if (layers := metadata.piece_layers) is not None:
        pairs = (_encode_string(root) + _encode_string(layers[root]) for root in sorted(layers))
        parts += [b"12:piece layers", b"d", *pairs, b"e"]
    return b"".join([*parts, b"e"])


def _encode_string(value: bytes) -> bytes:
    return b"%d:%b" % (len(value), value)
