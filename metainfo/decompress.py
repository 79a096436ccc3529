"""Torrents that arrive packed: gzip and bzip2, as Torrage took them, with a hard cap on what comes out."""

import bz2
import zlib
from collections.abc import Callable
from typing import Protocol

from metainfo.errors import NotATorrent, TooComplex, TooLarge, Truncated

_GZIP = b"\x1f\x8b"
_BZIP2 = b"BZh"
_GZIP_WINDOW = 31  # zlib: 15 bits of window, and a gzip header
_MEMBERS = 16  # each costs a copy of what follows it: half a million empty ones would fit in 10 MB


class _Member(Protocol):
    """What zlib and bz2 agree on. Either format may be several packed files, one behind the other."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def decompress_torrent(data: bytes, max_bytes: int) -> bytes:
    """The bytes as they were before gzip or bzip2; others come back as they are.

    Never makes more than `max_bytes` + 1 bytes. Raises TooLarge, Truncated, NotATorrent.
    """
    if data.startswith(_GZIP):
        return _join(lambda: zlib.decompressobj(_GZIP_WINDOW), data, max_bytes)
    if data.startswith(_BZIP2):
        return _join(bz2.BZ2Decompressor, data, max_bytes)
    return data


def _join(start: Callable[[], _Member], data: bytes, max_bytes: int) -> bytes:
    plain = bytearray()
    for _ in range(_MEMBERS):
        member = start()
        try:
            plain += member.decompress(data, max_bytes + 1 - len(plain))
        except (zlib.error, OSError):
            raise NotATorrent("The packed file is damaged: it cannot be unpacked.") from None
        if len(plain) > max_bytes:
            raise TooLarge(
                f"Unpacked, the file has more than the {max_bytes:,} bytes that this archive takes."
            )
        if not member.eof:
            raise Truncated("The packed file ends in the middle.")
        data = member.unused_data
        if not data:
            return bytes(plain)
    raise TooComplex(f"The packed file is made of more than {_MEMBERS} parts.")
