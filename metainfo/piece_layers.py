"""`piece layers` (BEP 52): the hashes of a v2 file's pieces, whose Merkle tree must have the file's pieces root."""

from hashlib import sha256

from metainfo.bencode_dictionary import Dictionary
from metainfo.bencode_scalars import quote_bytes
from metainfo.errors import NotATorrent

BLOCK_BYTES = 16 * 1024  # of content, under one leaf of the tree
_HASH_BYTES = 32


def has_all_layers(root: Dictionary, sizes: dict[bytes, int], piece_length: int) -> bool:
    """Whether the torrent has the layer of every file that needs one.

    `root` is the torrent's outer dictionary; `sizes` maps the pieces roots of those files to their sizes in bytes.
    Raises NotATorrent for a layer that is wrong, or that belongs to none of these files.
    """
    if b"piece layers" not in root:
        return not sizes
    cursor = root.cursor(b"piece layers")
    padding = _padding_hash(piece_length)
    found = 0
    for pieces_root in cursor.each_key():
        start, end = cursor.read_string_span()
        if pieces_root not in sizes:
            raise NotATorrent(f"In “piece layers”, {quote_bytes(pieces_root)} belongs to no file.")
        pieces = -(-sizes[pieces_root] // piece_length)
        layer = memoryview(root.data)[start:end]
        if len(layer) != pieces * _HASH_BYTES or _merkle_root(layer, padding) != pieces_root:
            shown = quote_bytes(pieces_root)
            raise NotATorrent(f"In “piece layers”, the hashes under {shown} are not its own.")
        found += 1
    return found == len(sizes)


def _padding_hash(piece_length: int) -> bytes:
    """The hash of a piece after the end of the file: the root of a tree whose leaves are zeros."""
    digest = bytes(_HASH_BYTES)
    while piece_length > BLOCK_BYTES:
        digest = sha256(digest + digest).digest()
        piece_length //= 2
    return digest


def _merkle_root(layer: memoryview | bytearray, padding: bytes) -> bytes:
    """The root of the tree above a layer of hashes; `padding` stands beside the last hash of an odd number."""
    while len(layer) > _HASH_BYTES:
        above = bytearray()
        for start in range(0, len(layer) - _HASH_BYTES, 2 * _HASH_BYTES):
            above += sha256(layer[start : start + 2 * _HASH_BYTES]).digest()
        if len(layer) % (2 * _HASH_BYTES):
            above += sha256(bytes(layer[-_HASH_BYTES:]) + padding).digest()
        padding = sha256(padding + padding).digest()
        layer = above
    return bytes(layer)
