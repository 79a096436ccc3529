"""Torrents for benchmarks: any number of them, each distinct, valid and determined by its number."""

import hashlib
from random import Random

_PIECE = 262_144
_INFO = b"d6:lengthi%de4:name%d:%s12:piece lengthi%de6:pieces%d:%se"
_TORRENT = b"d8:announce32:http://tracker.invalid/announce/4:info%se"
_FRAME = 190  # bytes of a torrent besides its pieces


def generate_torrent(number: int, size: int = 30_000) -> tuple[str, bytes]:
    """Infohash and bytes of one of about this size: v1, one file. The same size is always the same length."""
    pieces = max(1, (size - _FRAME) // 20)
    name = b"A recording of the year, part %09d.mkv" % number
    info = _INFO % (
        pieces * _PIECE,
        len(name),
        name,
        _PIECE,
        20 * pieces,
        Random(number).randbytes(20 * pieces),
    )
    return hashlib.sha1(info).hexdigest().upper(), _TORRENT % info
