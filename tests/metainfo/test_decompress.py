"""Packed uploads, made by Python's own gzip and bzip2."""

import bz2
import gzip
import tracemalloc

import pytest

from metainfo.decompress import decompress_torrent
from metainfo.errors import NotATorrent, TooComplex, TooLarge, Truncated

PLAIN = b"d4:infod4:name1:aee" * 100


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, bytes])
def test_compressed_bytes_are_decompressed_unchanged(pack: type[bytes]) -> None:
    assert decompress_torrent(pack(PLAIN), len(PLAIN)) == PLAIN


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_one_byte_over_the_limit_is_too_large(pack: type[bytes]) -> None:
    with pytest.raises(TooLarge):
        decompress_torrent(pack(PLAIN), len(PLAIN) - 1)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_decompression_bomb_takes_no_more_memory_than_the_limit(pack: type[bytes]) -> None:
    bomb = pack(bytes(300_000_000))
    tracemalloc.start()
    with pytest.raises(TooLarge):
        decompress_torrent(bomb, 10_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000_000


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_compressed_file_that_ends_early_is_truncated(pack: type[bytes]) -> None:
    with pytest.raises(Truncated):
        decompress_torrent(pack(PLAIN)[:-9], 10_000)


@pytest.mark.parametrize("junk", [b"\x1f\x8bjunk junk junk", b"BZhjunk junk junk"])
def test_bytes_that_only_begin_like_gzip_or_bzip2_are_not_a_torrent(junk: bytes) -> None:
    with pytest.raises(NotATorrent, match="^The packed file is damaged: it cannot be unpacked.$"):
        decompress_torrent(junk, 10_000)


@pytest.mark.parametrize("trailer", [b"\n", b"\0" * 1_024, b"<!-- 2 ms -->"])
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_little_after_the_end_is_ignored(pack: type[bytes], trailer: bytes) -> None:
    """As gzip and bzip2 do it: "trailing garbage ignored"."""
    assert decompress_torrent(pack(PLAIN) + trailer, len(PLAIN)) == PLAIN


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_much_after_the_end_is_refused(pack: type[bytes]) -> None:
    with pytest.raises(NotATorrent):
        decompress_torrent(pack(PLAIN) + bytes(1_025), len(PLAIN))


def test_gzip_in_several_members_is_read_whole() -> None:
    """RFC 1952: a gzip file is a series of members; `cat a.gz b.gz` is one."""
    assert decompress_torrent(gzip.compress(PLAIN[:100]) + gzip.compress(PLAIN[100:]), len(PLAIN)) == PLAIN


def test_a_file_of_endless_empty_members_is_refused() -> None:
    with pytest.raises(TooComplex):
        decompress_torrent(gzip.compress(b"") * 400_000, 10_000_000)
