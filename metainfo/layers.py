"""`piece layers` (BEP 52): the hashes of a v2 file's pieces, which must hash up to its root."""

from hashlib import sha256

from metainfo.bencode import Dictionary, quoted
from metainfo.errors import NotATorrent

BLOCK = 16 * 1024  # bytes under one leaf of the tree
_HASH = 32


def complete(root: Dictionary, sizes: dict[bytes, int], piece_length: int) -> bool:
    """Whether every file that needs a layer has it, `sizes` being theirs by pieces root.

    Raises NotATorrent if a layer is wrong, or no file's.
    """
    if b"piece layers" not in root:
        return not sizes
    cursor = root.cursor(b"piece layers")
    pad = _pad(piece_length)
    found = 0
    for pieces_root in cursor.each_key():
        start, end = cursor.string_span()
        if pieces_root not in sizes:
            raise NotATorrent(f"In “piece layers”, {quoted(pieces_root)} belongs to no file.")
        pieces = -(-sizes[pieces_root] // piece_length)
        layer = memoryview(root.data)[start:end]
        if len(layer) != pieces * _HASH or _merkle_root(layer, pad) != pieces_root:
            raise NotATorrent(f"In “piece layers”, the hashes under {quoted(pieces_root)} are not its own.")
        found += 1
    return found == len(sizes)


def _pad(piece_length: int) -> bytes:
    """The root over a piece of which nothing is there: its leaves are zeros."""
    digest = bytes(_HASH)
    while piece_length > BLOCK:
        digest = sha256(digest + digest).digest()
        piece_length //= 2
    return digest


def _merkle_root(layer: memoryview | bytearray, pad: bytes) -> bytes:
    while len(layer) > _HASH:
        above = bytearray()
        for at in range(0, len(layer) - _HASH, 2 * _HASH):
            above += sha256(layer[at : at + 2 * _HASH]).digest()
        if len(layer) % (2 * _HASH):
            above += sha256(bytes(layer[-_HASH:]) + pad).digest()
        pad = sha256(pad + pad).digest()
        layer = above
    return bytes(layer)
