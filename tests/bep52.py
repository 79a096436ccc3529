"""Torrents of folders in v2 and hybrid (BEP 52), encoded by bencode.py; `tests.make` has the simpler ones.

The content of a file is made up from its path, so that pieces roots and layers are true. Keep files small,
and in a hybrid sorted by path.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import bencodepy

BLOCK = 16_384
Files = Sequence[tuple[str, int]]  # a path with slashes, and a size
Info = dict[str, Any]


def v2(files: Files, piece_length: int = BLOCK, name: str = "a folder", **extra: Any) -> bytes:
    """A torrent of v2 alone; `extra` goes into its info dictionary."""
    info, layers = build_info(files, piece_length, name)
    return encode(info | extra, {"piece layers": layers})


def hybrid(files: Files, piece_length: int = BLOCK, name: str = "a folder", **extra: Any) -> bytes:
    """A torrent of both, likewise; a pad file follows every file that does not fill its last piece."""
    info, layers = build_info(files, piece_length, name)
    padded = [entry for file in files for entry in _pad_file(*file, piece_length)]
    pieces = sum(entry["length"] for entry in padded) // piece_length
    info |= {"files": padded, "pieces": b"\x5a" * 20 * pieces}
    return encode(info | extra, {"piece layers": layers})


def encode(info: Mapping[str, Any], outer: Mapping[str, Any] | None = None) -> bytes:
    """A torrent around any info dictionary."""
    return bytes(bencodepy.encode({**(outer or {}), "info": dict(info)}))


def build_info(files: Files, piece_length: int, name: str) -> tuple[Info, dict[bytes, bytes]]:
    """The info dictionary of v2, and its piece layers."""
    tree: Info = {}
    layers: dict[bytes, bytes] = {}
    for path, size in files:
        folder = tree
        for element in path.split("/"):
            folder = folder.setdefault(element, {})
        folder[""] = {"length": size}
        if size:
            content = _file_content(path, size)
            folder[""]["pieces root"] = root = merkle_root(_block_hashes(content), bytes(32))
            if size > piece_length:
                layers[root] = b"".join(_piece_layer(content, piece_length))
    return {"file tree": tree, "meta version": 2, "name": name, "piece length": piece_length}, layers


def merkle_root(leaves: list[bytes], pad: bytes) -> bytes:
    """The root over the leaves, which `pad` fills up to a power of two."""
    if len(leaves) == 1:
        return leaves[0]
    width = 1 << (len(leaves) - 1).bit_length()
    full = leaves + [pad] * (width - len(leaves))
    left, right = merkle_root(full[: width // 2], pad), merkle_root(full[width // 2 :], pad)
    return hashlib.sha256(left + right).digest()


def _pad_file(path: str, size: int, piece_length: int) -> list[Info]:
    file: Info = {"length": size, "path": path.split("/")}
    pad = -size % piece_length
    return [file, {"attr": "p", "length": pad, "path": [".pad", str(pad)]}] if pad else [file]


def _file_content(path: str, size: int) -> bytes:
    seed = hashlib.sha256(path.encode()).digest()
    return (seed * (size // len(seed) + 1))[:size]


def _block_hashes(content: bytes) -> list[bytes]:
    return [hashlib.sha256(content[at : at + BLOCK]).digest() for at in range(0, len(content), BLOCK)]


def _piece_layer(content: bytes, piece_length: int) -> list[bytes]:
    """A hash for each piece: the root over its blocks."""
    blocks, width = _block_hashes(content), piece_length // BLOCK
    full = blocks + [bytes(32)] * (-len(blocks) % width)
    return [merkle_root(full[at : at + width], bytes(32)) for at in range(0, len(full), width)]
