"""What a torrent's bytes say, held against libtorrent, BEP 3, BEP 47, BEP 52 and awkward bytes (tests/torrents)."""

import hashlib
from datetime import UTC, datetime

import pytest

import metainfo
from metainfo.errors import EmptyTorrent, NotATorrent, TooComplex, TooLarge, Truncated
from tests import bep52, make, oracle
from tests.torrent_corpus import TORRENTS

# Every other torrent of the corpus is taken. Part of the sentence stands beside each; True where libtorrent loads it.
REFUSED = {
    "a-list": ("does not begin", False),
    "depth-100": ("nested 100 deep", False),
    "hybrid-different-sizes": ("do not name the same files", False),
    "hybrid-pads-swapped": ("do not lay the files out", False),
    "hybrid-unaligned": ("do not lay the files out", False),
    "info-is-string": ("In “info”, at byte 7, there should be a dictionary, but there is a string.", False),
    "info-missing": ("no info dictionary", False),
    "int-2-to-the-62": ("cannot be 4,611,686,018,427,387,904 bytes long", False),
    "int-2-to-the-63": ("more than 64 bits", False),
    "int-30-digits": ("malformed", False),
    "int-5000-digits": ("malformed", False),
    "int-empty": ("malformed", False),
    "int-fraction": ("malformed", False),
    "int-hex": ("malformed", False),
    "int-leading-zero": ("In “length”, at byte 60, there is an integer that is malformed.", True),
    "int-minus-zero": ("malformed", False),
    "int-minus": ("malformed", False),
    "int-negative": ("The file “a.txt” cannot be -5 bytes long.", False),
    "int-plus": ("malformed", False),
    "int-space": ("malformed", False),
    "int-underscore": ("malformed", False),
    "key-is-integer": ("there should be a string, but there is an integer", False),
    "key-without-value": ("there is nothing", False),
    "length-endless": ("malformed", False),
    "length-leading-zero": ("In “name”, at byte 69, there is a string that is malformed.", True),
    "length-minus": ("no bencoded value", False),
    "length-plus": ("no bencoded value", False),
    "length-space": ("no bencoded value", False),
    "length-too-long": ("a string of 99,999 bytes begins, but 60 are left", False),
    "length-underscore": ("malformed", False),
    "magnet-link": ("a magnet link", False),
    "name-missing": ("has no “name”", False),
    "name-of-dots": ("“..” is no name for a file", False),
    "path-empty": ("without a path", False),
    "path-of-101": ("more than 100 elements", False),
    "path-of-integers": ("In “files”, at byte 79, there should be a string, but there is an integer.", False),
    "piece-length-zero": ("“piece length” should be from 1", False),
    "pieces-too-few": ("“pieces” should have 40 bytes for files of this size, but has 20.", False),
    "pieces-uneven": ("“pieces” should have 20 bytes", False),
    "sizes-sum-too-far": ("The files are more than 281,474,976,710,655 bytes.", False),
    "unknown-int-21-digits": ("malformed", False),
    "unterminated": ("ends in the middle, after 130 bytes, near “pieces”", False),
    "v1-no-files": ("holds nothing", False),
    "v1-only-empty-files": ("holds nothing", False),
    "v1-two-infos": ("The key “info” is there twice.", True),
    "v1-two-names": ("The key “name” is there twice.", True),
    "v2-empty-folder": ("“none” is neither a file nor a folder with files", True),
    "v2-file-and-folder": ("“a.bin” is both file and folder", False),
    "v2-layer-of-no-file": ("belongs to no file", False),
    "v2-meta-version-3": ("knows no “meta version” 3", False),
    "v2-nameless-file": ("a file without a name", False),
    "v2-odd-piece-length": ("a power of two from 16 KiB on, but is 16,385", False),
    "v2-pad-file": ("a pad file", False),
    "v2-short-layer": ("are not its own", False),
    "v2-small-pieces": ("a power of two from 16 KiB on, but is 8,192", False),
    "v2-unsorted-tree": ("not sorted", False),
    "v2-without-root": ("no “pieces root” of 32 bytes", False),
    "v2-without-version": ("“meta version” and “file tree” belong together", False),
    "v2-wrong-layer": ("are not its own", False),
    "v2-zero-root": ("no “pieces root” of 32 bytes", False),
    "web-page": ("This is a web page", False),
    "zeroes": ("does not begin", False),
}
REFUSED_BY_LIBTORRENT = {"piece-length-huge"}  # its limit is 512 MiB
GOOD = ("v1-full", "v1-folder", "v2-folder", "hybrid-folder")


@pytest.mark.parametrize("name", sorted(TORRENTS.keys() - REFUSED.keys()))
def test_a_torrent_of_the_corpus_is_read_as_libtorrent_reads_it(name: str) -> None:
    loads = isinstance(oracle.load_with_libtorrent(TORRENTS[name]), oracle.LoadedTorrent)
    assert loads == (name not in REFUSED_BY_LIBTORRENT)
    assert oracle.assert_same_reading(TORRENTS[name])


@pytest.mark.parametrize("name", REFUSED)
def test_a_broken_torrent_is_refused_with_the_reason(name: str) -> None:
    words, loads = REFUSED[name]
    with pytest.raises(NotATorrent) as refusal:
        metainfo.parse_torrent(TORRENTS[name])
    assert words in str(refusal.value)
    assert isinstance(oracle.load_with_libtorrent(TORRENTS[name]), oracle.LoadedTorrent) == loads


def test_the_hashes_are_over_the_info_dictionary_as_it_stands() -> None:
    """Unsorted keys, which any encoder would sort."""
    torrent = TORRENTS["v1-unsorted-keys"]
    info = torrent[torrent.index(b"d6:pieces") : torrent.index(b"8:announce")]
    assert metainfo.parse_torrent(torrent).v1 == hashlib.sha1(info).digest()


def test_the_infohash_is_that_of_v1_if_there_is_one() -> None:
    v1, v2, both = (
        metainfo.parse_torrent(TORRENTS[name]) for name in ("v1-folder", "v2-folder", "hybrid-folder")
    )
    assert (v1.infohash, v1.v2) == (v1.v1, None)
    assert (v2.infohash, v2.v1) == (v2.v2, None)
    assert both.infohash == both.v1
    assert both.v2
    assert [len(v1.infohash), len(v2.infohash), len(both.infohash)] == [20, 32, 20]


@pytest.mark.parametrize("name", GOOD)
def test_every_prefix_of_a_torrent_is_truncated(name: str) -> None:
    torrent = TORRENTS[name]
    for length in range(1, len(torrent)):
        with pytest.raises(Truncated):
            metainfo.parse_torrent(torrent[:length])


def test_zero_bytes_are_an_empty_torrent() -> None:
    with pytest.raises(EmptyTorrent):
        metainfo.parse_torrent(b"")


def test_a_torrent_larger_than_the_limit_is_refused() -> None:
    torrent = make.v1()
    assert metainfo.parse_torrent(torrent, max_bytes=len(torrent))
    with pytest.raises(TooLarge):
        metainfo.parse_torrent(torrent, max_bytes=len(torrent) - 1)


def test_a_torrent_has_as_many_parts_as_libtorrent_takes_and_no_more() -> None:
    """Three million; each value is one, and so is each end. A hundred are left for what we count for more."""
    before, after = make.v1(outer={b"x": 1}).split(b"1:xi1e")
    most, too_many = (before + b"1:xl" + b"0:" * parts + b"e" + after for parts in (2_999_882, 2_999_983))
    assert oracle.assert_same_reading(most)
    assert isinstance(oracle.load_with_libtorrent(too_many), str)
    with pytest.raises(TooComplex, match="3,000,000 parts"):
        metainfo.parse_torrent(too_many)


def test_more_pieces_than_libtorrent_takes_are_too_many() -> None:
    """In v2 a few bytes can claim them."""
    info, _ = bep52.build_info([("file", 50_000)], bep52.BLOCK, "file")
    info["file tree"]["file"][""]["length"] = (2_097_152 + 1) * bep52.BLOCK
    torrent = bep52.encode(info)
    assert "too many pieces" in str(oracle.load_with_libtorrent(torrent))
    with pytest.raises(TooComplex, match="2,097,153 pieces"):
        metainfo.parse_torrent(torrent)


def test_pad_files_are_not_content() -> None:
    pads = metainfo.parse_torrent(TORRENTS["v1-pad-files"])
    assert (pads.size, pads.file_count) == (12, 2)
    assert list(metainfo.ParsedTorrent(TORRENTS["v1-bitcomet-pads"]).files()) == [(("a",), 5), (("b",), 7)]


def test_the_files_of_a_folder_are_listed_by_their_paths_in_it() -> None:
    expected = [(("a.txt",), 5), (("empty",), 0), (("sub", "b.bin"), 70_000), (("sub", "c.bin"), 16_384)]
    assert list(metainfo.ParsedTorrent(TORRENTS["v2-folder"]).files()) == expected
    assert list(metainfo.ParsedTorrent(TORRENTS["hybrid-folder"]).files()) == expected


def test_names_are_decoded_as_their_torrent_says() -> None:
    assert metainfo.parse_torrent(TORRENTS["v1-names-in-cp1251"]).name == "Музыка.mp3"
    assert metainfo.parse_torrent(TORRENTS["v1-name-utf-8"]).name == "Музыка.mp3"
    assert list(metainfo.ParsedTorrent(TORRENTS["v1-path-utf-8"]).files()) == [(("Му",), 5)]
    assert metainfo.parse_torrent(TORRENTS["v1-names-in-no-encoding"]).name == "\ufffd\ufffd\ufffd.txt"


def test_names_are_returned_as_they_are_even_if_unsafe() -> None:
    torrent = TORRENTS["v1-evil-paths"]
    assert metainfo.parse_torrent(torrent).name == "../../evil"
    assert [file.path for file in metainfo.ParsedTorrent(torrent).files()][0] == ("..", "..", "etc", "passwd")


def test_a_name_of_megabytes_is_shown_by_its_start() -> None:
    name = metainfo.parse_torrent(make.v1("ö".encode() * 1_000_000)).name
    assert name == "ö" * len(name)
    assert 2_000 < len(name) < 5_000


@pytest.mark.parametrize(
    ("value", "private"), [(1, True), (2, True), (0, False), (b"1", True), (b"0", False)]
)
def test_the_private_flag_counts_in_any_type(value: object, private: bool) -> None:
    assert metainfo.parse_torrent(make.v1(private=value)).private == private


def test_a_v2_torrent_without_all_its_layers_is_incomplete() -> None:
    complete = {
        name: metainfo.parse_torrent(TORRENTS[name]).complete for name in TORRENTS.keys() - REFUSED.keys()
    }
    assert {name for name in complete if not complete[name]} == {
        "v2-without-layers",
        "v2-with-half-its-layers",
    }


def test_small_files_need_no_layers() -> None:
    assert metainfo.parse_torrent(make.v2(data=b"small", layers=False)).complete


def test_trackers_are_found_in_malformed_lists_too() -> None:
    assert metainfo.parse_torrent(TORRENTS["v1-odd-tracker-lists"]).trackers == (
        "http://list.example/a",
        "udp://flat.example:1",
        "http://space.example/b",
        "http://deep.example/c",
    )


def test_trackers_are_capped_in_number_and_length() -> None:
    urls = [[b"udp://%d.example:1" % n] for n in range(1_500)]
    long = b"http://example/" + b"x" * 2_000
    trackers = metainfo.parse_torrent(make.v1(outer={b"announce": long, b"announce-list": urls})).trackers
    assert (len(trackers), trackers[0]) == (1_000, "udp://0.example:1")


def test_details_are_what_a_torrent_tells_of_itself() -> None:
    assert metainfo.ParsedTorrent(TORRENTS["v1-full"]).details() == metainfo.Details(
        comment="a comment",
        created_by="mktorrent 1.1",
        created_at=datetime(2009, 2, 13, 23, 31, 30, tzinfo=UTC),
        piece_count=1,
        web_seeds=("http://web.example/a.txt",),
    )
    assert (
        metainfo.ParsedTorrent(TORRENTS["v2-folder"]).details().piece_count == 5
    )  # 5 and 16,384 bytes, and 70,000: 3 times 32 KiB


def test_details_of_odd_types_are_left_out() -> None:
    assert metainfo.ParsedTorrent(TORRENTS["v1-odd-types-outside"]).details() == metainfo.Details(
        "", "", None, 1, ()
    )


@pytest.mark.parametrize("date", [-1, 10**18, 2**63, 0])
def test_a_creation_date_out_of_the_calendar_is_left_out(date: int) -> None:
    created = metainfo.ParsedTorrent(make.v1(outer={b"creation date": date})).details().created_at
    assert created == (datetime(1970, 1, 1, tzinfo=UTC) if date == 0 else None)
