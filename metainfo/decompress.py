"""Decompress torrents that arrive as gzip or bzip2, as Torrage accepted them, up to a limit of bytes."""

import bz2
import zlib
from collections.abc import Callable
from typing import Protocol

from metainfo.errors import NotATorrent, TooComplex, TooLarge, Truncated

_GZIP = b"\x1f\x8b"
_BZIP2 = b"BZh"
_GZIP_WINDOW = 31  # zlib: 15 bits of window, and a gzip header
MAX_TRAILING_BYTES = 1_024  # that are no further member: gzip and bzip2 ignore them too
_MAX_MEMBERS = 16  # each costs a copy of the bytes after it, and half a million empty ones fit in 10 MB


class _Decompressor(Protocol):
    """What zlib and bz2 have in common. Either format may consist of several compressed files in a row (members)."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def decompress_torrent(data: bytes, max_bytes: int) -> bytes:
    """The bytes as they were before gzip or bzip2; bytes in no such format are returned as they are.

    Never makes more than `max_bytes` + 1 bytes. Raises TooLarge, Truncated, NotATorrent, TooComplex.
    """
    if data.startswith(_GZIP):
        return _decompress_all_members(lambda: zlib.decompressobj(_GZIP_WINDOW), data, max_bytes)
    if data.startswith(_BZIP2):
        return _decompress_all_members(bz2.BZ2Decompressor, data, max_bytes)
    return data


def _decompress_all_members(start_member: Callable[[], _Decompressor], data: bytes, max_bytes: int) -> bytes:
    plain = bytearray()
    for _ in range(_MAX_MEMBERS):
        member = start_member()
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
        if not data or (len(data) <= MAX_TRAILING_BYTES and not data.startswith((_GZIP, _BZIP2))):
            return bytes(plain)
    raise TooComplex(f"The packed file is made of more than {_MAX_MEMBERS} parts.")
