"""Torrents that arrive packed: gzip and bzip2, as Torrage took them, with a hard cap on what comes out."""

import bz2
import zlib
from typing import Protocol

from archive.errors import NotATorrent, TooLarge, Truncated

_GZIP = b"\x1f\x8b"
_BZIP2 = b"BZh"
_GZIP_WINDOW = 31  # zlib: 15 bits of window, and a gzip header


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def unpack(data: bytes, max_bytes: int) -> bytes:
    """The bytes as they were before gzip or bzip2; others come back as they are.

    Never makes more than `max_bytes` + 1 bytes. Raises TooLarge, Truncated, NotATorrent.
    """
    if data.startswith(_GZIP):
        return _inflate(zlib.decompressobj(_GZIP_WINDOW), data, max_bytes)
    if data.startswith(_BZIP2):
        return _inflate(bz2.BZ2Decompressor(), data, max_bytes)
    return data


def _inflate(decompressor: _Decompressor, data: bytes, max_bytes: int) -> bytes:
    try:
        plain = decompressor.decompress(data, max_bytes + 1)
    except (zlib.error, OSError) as error:
        raise NotATorrent(f"The packed file is damaged: {error}.") from None
    if len(plain) > max_bytes:
        raise TooLarge(f"Unpacked, the file has more than the {max_bytes:,} bytes that this archive takes.")
    if not decompressor.eof:
        raise Truncated("The packed file ends in the middle.")
    return plain
