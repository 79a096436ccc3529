"""Torrents for tests, written with bencode.py and BEP 3 and BEP 52 beside it; nothing of ours takes part."""

import hashlib
import random
from collections.abc import Mapping
from typing import Any

import bencodepy

TRACKER = b"http://tracker.example/announce"
BLOCK = 16_384


def v1(
    name: bytes = b"a.bin",
    size: int = 5,
    *,
    files: Mapping[tuple[bytes, ...], int] | None = None,
    piece_length: int = BLOCK,
    outer: Mapping[bytes, Any] | None = None,
    **info: Any,
) -> bytes:
    """One file of `size` bytes, or `files` by path. Further keys of info are keywords: `private=1`."""
    content: dict[bytes, Any] = {b"length": size}
    if files is not None:
        size = sum(files.values())
        content = {b"files": [{b"length": length, b"path": list(path)} for path, length in files.items()]}
    pieces = random_bytes(-(-size // piece_length) * 20, name)
    return wrap_info(
        {b"name": name, b"piece length": piece_length, b"pieces": pieces, **content}, outer, **info
    )


def wrap_info(
    dictionary: Mapping[bytes, Any], outer: Mapping[bytes, Any] | None = None, **info: Any
) -> bytes:
    """The metainfo file around an info dictionary."""
    more = {key.replace("_", " ").encode(): value for key, value in info.items()}
    whole = {b"announce": TRACKER, **(outer or {}), b"info": {**dictionary, **more}}
    return bytes(bencodepy.encode(whole))


def v2(
    name: bytes = b"a.bin", data: bytes = b"hello", *, layers: bool = True, hybrid: bool = False, **info: Any
) -> bytes:
    """One file of v2 (BEP 52), with its v1 description beside it where `hybrid`. Pieces are of 32 KiB."""
    piece_length = 2 * BLOCK
    blocks = [sha256(data[at : at + BLOCK]) for at in range(0, len(data), BLOCK)]
    pairs = blocks + [bytes(32)] * (len(blocks) % 2)
    layer = [sha256(pairs[n] + pairs[n + 1]) for n in range(0, len(pairs), 2)]
    root = blocks[0] if len(blocks) == 1 else merkle_root(layer)
    dictionary: dict[bytes, Any] = {
        b"file tree": {name: {b"": {b"length": len(data), b"pieces root": root}}},
        b"meta version": 2,
        b"name": name,
        b"piece length": piece_length,
    }
    if hybrid:
        pieces = [
            hashlib.sha1(data[at : at + piece_length]).digest() for at in range(0, len(data), piece_length)
        ]
        dictionary |= {b"length": len(data), b"pieces": b"".join(pieces)}
    needed = {root: b"".join(layer)} if len(data) > piece_length else {}
    return wrap_info(dictionary, {b"piece layers": needed} if layers else None, **info)


def hybrid(name: bytes = b"a.bin", data: bytes = b"hello", *, layers: bool = True, **info: Any) -> bytes:
    return v2(name, data, layers=layers, hybrid=True, **info)


def merkle_root(layer: list[bytes]) -> bytes:
    """The merkle root over a layer of 32 KiB pieces; missing leaves are zeroes, of which their parents are made."""
    pad = sha256(bytes(64))
    while len(layer) > 1:
        layer = layer + [pad] * (len(layer) % 2)
        layer = [sha256(layer[n] + layer[n + 1]) for n in range(0, len(layer), 2)]
        pad = sha256(pad + pad)
    return layer[0]


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def random_bytes(length: int, seed: bytes) -> bytes:
    """Bytes that no packer shrinks, and always the same."""
    return random.Random(seed).randbytes(length)


def infohashes(torrent: bytes) -> tuple[bytes, bytes]:
    """SHA-1 and SHA-256 of the info dictionary of a torrent made here, which is canonical."""
    info = bencodepy.encode(bencodepy.decode(torrent)[b"info"])
    return hashlib.sha1(info).digest(), hashlib.sha256(info).digest()


def v1_hash(torrent: bytes) -> str:
    return infohashes(torrent)[0].hex().upper()


def v2_hash(torrent: bytes) -> str:
    return infohashes(torrent)[1].hex().upper()
