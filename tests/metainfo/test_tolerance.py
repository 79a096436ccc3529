"""What a torrent may have that is not as BEP 3 wants it, where it decides neither identity nor size nor files.

The judge of each is libtorrent, if nothing else is named: it loads the torrent, and reads the same in it.
"""

import hashlib
from datetime import UTC, datetime

import pytest

import metainfo
from metainfo.errors import NotATorrent, TooComplex
from metainfo.text_decoding import find_codec
from tests import bep52, make, oracle

SINGLE = make.v1(outer={b"creation date": 1_367_270_400, b"comment": b"first", b"x": 7})
FOLDER = make.v1(b"folder", files={(b"a",): 5, (b"b", b"c"): 7})
V2 = bep52.v2([("a", 5), ("b", 70_000)])


def change(torrent: bytes, old: bytes, new: bytes) -> bytes:
    assert old in torrent
    return torrent.replace(old, new)


def check_identity(changed: bytes) -> metainfo.ParsedTorrent:
    """The torrent, having made sure that libtorrent reads it alike, and of its hash over the bytes as found."""
    assert isinstance(oracle.load_with_libtorrent(changed), oracle.LoadedTorrent)
    assert oracle.assert_same_reading(changed)
    return metainfo.ParsedTorrent(changed)


@pytest.mark.parametrize(
    "trailer",
    [b"\n", b"\r\n", b"\0" * 1_024, b"e", b"d4:infode", b"\x1a", b"--boundary--\r\n", SINGLE],
    ids=["line feed", "CRLF", "zeros", "e", "torrent", "Ctrl-Z", "delimiter", "whole torrent"],
)
@pytest.mark.parametrize("torrent", [SINGLE, FOLDER, V2], ids=["single", "folder", "v2"])
def test_up_to_1024_bytes_after_the_end_are_no_matter(torrent: bytes, trailer: bytes) -> None:
    """libtorrent, Transmission, aria2 and webtorrent load them."""
    assert check_identity(torrent + trailer).metainfo == metainfo.parse_torrent(torrent)


def test_more_than_1024_bytes_after_the_end_are_refused() -> None:
    with pytest.raises(NotATorrent, match="Something follows the end of the torrent: 1,025 of"):
        metainfo.parse_torrent(SINGLE + bytes(1_025))


def test_a_length_beside_files_means_nothing() -> None:
    """Five of seven readers, libtorrent among them, take it for a folder."""
    parsed = check_identity(change(FOLDER, b"4:name6:folder", b"6:lengthi99e4:name6:folder"))
    assert [file.path for file in parsed.files()] == [(b.decode(),) for b in (b"a",)] + [("b", "c")]
    assert parsed.metainfo.size == 12


def test_a_length_in_v2_means_nothing() -> None:
    """BEP 52 has no `length` outside of the file tree. (libtorrent takes it for a hybrid, and refuses it.)"""
    changed = change(V2, b"12:meta version", b"6:lengthi99e12:meta version")
    parsed = metainfo.parse_torrent(changed)
    start = changed.index(b"4:info") + len(b"4:info")
    end = changed.index(b"12:piece layers")
    assert parsed.v1 is None
    assert parsed.v2 == hashlib.sha256(changed[start:end]).digest()
    assert parsed.size == 70_005


def test_a_length_in_a_hybrid_means_nothing() -> None:
    hybrid = bep52.hybrid([("a", 5), ("b", 70_000)])
    assert (
        check_identity(change(hybrid, b"12:meta version", b"6:lengthi99e12:meta version")).metainfo.size
        == 70_005
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"4:infod", b"4:infod3:123i1e3:123i2e"),
        (b"4:infod", b"4:infod3:123i1e1:0de3:123le"),
        (b"1:xi7e", b"1:xi7e1:xi8e"),
        (b"1:xi7e", b"1:xi007e"),
        (b"1:xi7e", b"1:xi-0e"),
        (b"1:xi7e", b"1:xi-07e"),
        (b"1:xi7e", b"1:xi99999999999999999999e"),
        (b"1:xi7e", b"1:xli00ei01ee"),
        (b"1:xi7e", b"1:x003:abc"),
        (b"1:xi7e", b"1:xl00:01:aed1:a01:be".replace(b"ed", b"e1:yd")),
        (b"7:comment5:first", b"7:comment5:first7:comment6:second"),
        (b"7:comment5:first", b"7:comment05:first"),
        (b"7:comment5:first", b"7:commenti5e"),
        (b"13:creation datei1367270400e", b"13:creation datei01367270400e"),
        (b"13:creation datei1367270400e", b"13:creation datei1367270400e13:creation datei1e"),
        (b"13:creation datei1367270400e", b"13:creation date10:2013-04-29"),
        (b"4:infod", b"4:infod4:attri5e"),
        (b"4:infod", b"4:infod4:attrl1:pe"),
        (b"4:name", b"10:name.utf-8i5e4:name"),
        (b"4:name5:a.bin", b"4:namei5e10:name.utf-85:a.bin"),
        (b"4:name", b"12:meta versioni0e4:name"),
        (b"4:name", b"12:meta version1:24:name"),
        (b"8:announce31:", b"8:announce001:x8:announce31:"),
    ],
)
def test_what_is_not_read_or_only_shown_may_be_anything(old: bytes, new: bytes) -> None:
    assert check_identity(change(SINGLE, old, new)).metainfo.name == "a.bin"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"d6:length", b"d4:attri5e6:length"),
        (b"d6:length", b"d4:attrle6:length"),
        (b"4:path", b"5:mtimei05e5:mtimei06e4:path"),
        (b"4:pathl1:ae", b"4:pathl1:ae10:path.utf-81:b"),
        (b"4:pathl1:ae", b"4:pathl1:ae10:path.utf-8i5e"),
        (b"4:pathl1:ae", b"4:pathl1:ae10:path.utf-8de"),
        (b"4:pathl1:ae", b"4:pathi5e10:path.utf-8l1:ae"),
        (b"4:pathl1:ae", b"4:pathli5ee10:path.utf-8l1:ae"),
        (b"4:pathl1:ae", b"4:pathl1:ae11:pieces rooti5e"),
        (b"4:pathl1:ae", b"4:pathl1:ae12:symlink pathi5e"),
        (b"4:pathl1:ae", b"4:pathl1:ae12:symlink pathl1:xe12:symlink pathi5e"),
        (b"4:pathl1:ae", b"4:pathl1:ae4:sha1i5e4:hash01:x"),
    ],
)
def test_what_a_file_says_besides_its_length_and_path_may_be_anything(old: bytes, new: bytes) -> None:
    parsed = check_identity(change(FOLDER, old, new))
    assert [(file.path, file.size) for file in parsed.files()] == [(("a",), 5), (("b", "c"), 7)]


def test_attributes_of_v2_may_be_of_another_type() -> None:
    check_identity(change(V2, b"d0:d6:length", b"d0:d4:attri5e6:length"))


def test_meta_version_1_is_v1() -> None:
    """BEP 52: it "indicates the version of the info dictionary". Transmission, aria2 and webtorrent load it."""
    changed = change(SINGLE, b"4:name", b"12:meta versioni1e4:name")
    info = changed[changed.index(b"4:info") + 6 : changed.index(b"1:x")]
    assert metainfo.compute_infohashes(changed) == (hashlib.sha1(info).digest(),)


def test_a_date_with_leading_zeros_is_shown() -> None:
    parsed = metainfo.ParsedTorrent(change(SINGLE, b"datei", b"datei00"))
    assert parsed.details().created_at == datetime(2013, 4, 29, 21, 20, tzinfo=UTC)


def test_of_two_comments_the_first_is_shown() -> None:
    """As libtorrent, which looks up the first of two equal keys."""
    parsed = metainfo.ParsedTorrent(change(SINGLE, b"5:first", b"5:first7:comment6:second"))
    assert parsed.details().comment == "first"


@pytest.mark.parametrize("key", [b"name", b"length", b"piece length", b"pieces", b"attr", b"private"])
def test_what_decides_identity_size_or_files_may_not_be_there_twice(key: bytes) -> None:
    """Two readers may take one or the other, and so two torrents."""
    value = {b"attr": b"1:x", b"private": b"i1e", b"name": b"1:x", b"pieces": b"0:"}.get(key, b"i5e")
    field = b"%d:%s%s" % (len(key), key, value)
    with pytest.raises(NotATorrent, match="twice"):
        metainfo.parse_torrent(change(SINGLE, b"4:infod", b"4:infod" + field + field))


@pytest.mark.parametrize(
    ("torrent", "old", "new"),
    [
        (SINGLE, b"6:lengthi5e", b"6:lengthi05e"),
        (SINGLE, b"4:name5:a.bin", b"4:name05:a.bin"),
        (SINGLE, b"12:piece lengthi16384e", b"12:piece lengthi016384e"),
        (FOLDER, b"4:pathl1:ae", b"4:pathl01:ae"),
        (FOLDER, b"d6:lengthi5e", b"d6:lengthi5e6:lengthi6e"),
    ],
)
def test_what_decides_identity_size_or_files_is_read_strictly(torrent: bytes, old: bytes, new: bytes) -> None:
    with pytest.raises(NotATorrent):
        metainfo.parse_torrent(change(torrent, old, new))


@pytest.mark.parametrize("piece_length", [1 << 29, (1 << 29) + 1, 1 << 30, 1 << 31])
def test_pieces_may_have_up_to_2_gib(piece_length: int) -> None:
    """Five of six readers; libtorrent's limit of 512 MiB is one of its piece picker."""
    torrent = make.v1(size=5_000_000_000, piece_length=piece_length)
    assert metainfo.parse_torrent(torrent).piece_length == piece_length
    assert metainfo.compute_infohashes(torrent) == make.infohashes(torrent)[:1]


def test_pieces_of_v2_may_have_up_to_2_gib() -> None:
    assert metainfo.parse_torrent(bep52.v2([("a", 5)], 1 << 31)).piece_length == 1 << 31


def test_longer_pieces_are_refused() -> None:
    with pytest.raises(NotATorrent, match="from 1 to 2,147,483,648, but is 2147483649"):
        metainfo.parse_torrent(make.v1(piece_length=(1 << 31) + 1))


NAMES = [
    ("ISO-8859-2", "iso-8859-2", "Łódź żółw"),
    ("Shift-JIS", "cp932", "宮崎の映画"),
    ("x-sjis", "cp932", "①宮崎"),
    ("Windows-31J", "cp932", "①宮崎"),
    ("MS932", "cp932", "髙"),
    ("GB2312", "gbk", "鎔中文"),
    ("gb_2312-80", "gb2312", "中文"),
    ("BIG5-HKSCS", "big5hkscs", "中文電影"),
    ("KS_C_5601-1987", "cp949", "한국"),
    ("EUC_KR", "cp949", "뷁"),
    ("windows-1251", "cp1251", "Музыка"),
    ("win1251", "cp1251", "Музыка"),
    ("CP-1251", "cp1251", "Музыка"),
    ("KOI8-U", "koi8-u", "Київ"),
    ("IBM866", "cp866", "Музыка"),
    ("latin1", "cp1252", "café – “x”"),
    ("ISO_8859-7", "iso-8859-7", "Ελλάδα"),
    ("windows-1253", "cp1253", "Ελλάδα"),
    ("ISO-8859-9", "iso-8859-9", "Şık"),
    ("windows-1255", "cp1255", "שלום"),
    ("TIS-620", "tis-620", "ไทย"),
    ("windows-1258", "cp1258", "Hà Đông"),
    ("x-mac-cyrillic", "mac_cyrillic", "Музыка"),
]


@pytest.mark.parametrize(("encoding", "codec", "name"), NAMES, ids=[row[0] for row in NAMES])
def test_a_name_is_read_in_the_charset_that_its_torrent_names(encoding: str, codec: str, name: str) -> None:
    """The names are in IANA's registry of charsets or WHATWG's Encoding Standard; Python's codec wrote the bytes."""
    torrent = make.v1(name.encode(codec), outer={b"encoding": encoding.encode()})
    assert metainfo.parse_torrent(torrent).name == name


@pytest.mark.parametrize(
    ("code_page", "codec", "name"),
    [
        (936, "gbk", "中文电影"),
        (950, "big5", "中文電影"),
        (932, "cp932", "宮崎"),
        (949, "cp949", "한국"),
        (1251, "cp1251", "Музыка"),
        (866, "cp866", "Музыка"),
        (20866, "koi8-r", "Музыка"),
        (28592, "iso-8859-2", "Łódź"),
        (54936, "gb18030", "中文"),
        (b"936", "gbk", "中文电影"),
    ],
)
@pytest.mark.parametrize("outer", [{}, {b"encoding": b"UTF-8"}], ids=["alone", "beside UTF-8"])
def test_a_name_is_read_in_bitcomet_s_code_page(
    code_page: int | bytes, codec: str, name: str, outer: dict[bytes, bytes]
) -> None:
    """BitComet writes `codepage`, a number from Microsoft's list of code page identifiers."""
    torrent = make.v1(name.encode(codec), outer={**outer, b"codepage": code_page})
    assert metainfo.parse_torrent(torrent).name == name


@pytest.mark.parametrize(
    "name", ["", "utf-8", "UTF8", "65001", "utf-7", "idna", "rot13", "zlib", "a" * 1_000, "../x"]
)
def test_utf_8_and_what_is_no_charset_have_no_codec(name: str) -> None:
    assert find_codec(name.encode()) == ""


def test_a_larger_torrent_may_have_more_parts_and_pieces() -> None:
    """400,000 files take 19 MB; qBittorrent takes 10 million parts."""
    files: dict[tuple[bytes, ...], int] = {(b"folder", b"file-number-%08d" % n): 1 for n in range(400_000)}
    torrent = make.v1(b"many", files=files, piece_length=16_384)
    assert metainfo.parse_torrent(torrent, max_bytes=40_000_000).file_count == 400_000


def test_a_torrent_of_very_many_parts_is_still_refused() -> None:
    torrent = make.v1(outer={b"x": 1}).replace(b"1:xi1e", b"1:xl" + b"0:" * 6_000_000 + b"e")
    with pytest.raises(TooComplex, match="more than 3,600,0[0-9]{2} parts"):
        metainfo.parse_torrent(torrent, max_bytes=40_000_000)
