"""One pass over all bytes of a torrent: whether they are well-formed, and where the parts stand."""

from dataclasses import dataclass

from metainfo.bencode_cursor import Cursor
from metainfo.bencode_dictionary import Dictionary
from metainfo.bencode_scalars import DICTIONARY
from metainfo.errors import EmptyTorrent, NotATorrent, TooLarge
from metainfo.file_entries import read_v1_list
from metainfo.info_dictionary import KEYS, ContentSum, sum_v1

ROOT_KEYS = frozenset(
    {
        b"announce",
        b"announce-list",
        b"codepage",
        b"comment",
        b"comment.utf-8",
        b"created by",
        b"created by.utf-8",
        b"creation date",
        b"encoding",
        b"piece layers",
        b"url-list",
    }
)
_UNIQUE_ROOT_KEYS = frozenset({b"info", b"piece layers"})
MAX_TRAILING_BYTES = 1_024  # after the end of the dictionary: a line feed, zeros, a signature
_UNPACKED = "not a torrent; gzip and bzip2 are unpacked."
_NOT_BENCODED = (
    (b"<", "This is a web page, not a torrent."),
    (b"magnet:", "This is a magnet link in a file, not a torrent."),
    (b"http", "This is a link in a file, not a torrent."),
    (b"PK\x03\x04", f"This is a ZIP archive, {_UNPACKED}"),
    (b"Rar!\x1a\x07", f"This is a RAR archive, {_UNPACKED}"),
    (b"7z\xbc\xaf\x27\x1c", f"This is a 7z archive, {_UNPACKED}"),
    (b"\xfd7zXZ\x00", f"This is an xz archive, {_UNPACKED}"),
    (b"\x28\xb5\x2f\xfd", f"This is a zstd archive, {_UNPACKED}"),
)


@dataclass(frozen=True, slots=True)
class ScannedTorrent:
    """Well-formed bytes, and where their parts stand."""

    root: Dictionary  # the outer dictionary
    info: Dictionary
    info_span: tuple[
        int, int
    ]  # the indexes of the first byte of the info dictionary and of the byte after it
    info_is_sorted: bool  # the keys of the info dictionary ascend, and those of every dictionary in it
    v1_sum: ContentSum | None  # the sum of `files`, which may be so long that it is read only once


@dataclass(frozen=True, slots=True)
class _ScannedInfo:
    positions: dict[bytes, int]
    span: tuple[int, int]
    is_sorted: bool
    v1_sum: ContentSum | None


def scan_torrent(torrent: bytes, max_bytes: int, max_tokens: int) -> ScannedTorrent:
    """Make sure that the bytes are one bencoded dictionary with an info dictionary, and little else.

    Raises EmptyTorrent, TooLarge, NotATorrent, Truncated, TooComplex.
    """
    _check_beginning(torrent, max_bytes)
    cursor = Cursor(torrent, tokens=max_tokens)
    positions: dict[bytes, int] = {}
    info: _ScannedInfo | None = None
    for key in cursor.each_key(_UNIQUE_ROOT_KEYS):
        if key == b"info":
            info = _scan_info(cursor)
        else:
            if key in ROOT_KEYS:
                positions.setdefault(key, cursor.position)  # of two comments the first, as in libtorrent
            cursor.skip()
    if (trailing := len(torrent) - cursor.position) > MAX_TRAILING_BYTES:
        raise NotATorrent(
            f"Something follows the end of the torrent: {trailing:,} of {len(torrent):,} bytes, "
            f"of which {MAX_TRAILING_BYTES:,} are the most."
        )
    if info is None:
        raise NotATorrent("There is no info dictionary: this is bencoded, but no torrent.")
    left = cursor.tokens_left  # what is read twice counts twice
    root = Dictionary(torrent, positions, left)
    return ScannedTorrent(
        root, Dictionary(torrent, info.positions, left), info.span, info.is_sorted, info.v1_sum
    )


def _check_beginning(torrent: bytes, max_bytes: int) -> None:
    if not torrent:
        raise EmptyTorrent("There is not a single byte.")
    if len(torrent) > max_bytes:
        raise TooLarge(f"The torrent has more than the {max_bytes:,} bytes that this archive takes.")
    if torrent[0] != DICTIONARY:
        beginning = torrent[:200].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
        for prefix, sentence in _NOT_BENCODED:
            if beginning.startswith(prefix.lower()):
                raise NotATorrent(sentence)
        raise NotATorrent("This is no torrent: it does not begin with a bencoded dictionary.")


def _scan_info(cursor: Cursor) -> _ScannedInfo:
    start, unsorted_before = cursor.position, cursor.unsorted_keys
    positions: dict[bytes, int] = {}
    v1_sum = None
    for key in cursor.each_key(KEYS):
        if key in KEYS:
            positions[key] = cursor.position
        if key == b"files":
            v1_sum = sum_v1(read_v1_list(cursor))
        else:
            cursor.skip()
    is_sorted = cursor.unsorted_keys == unsorted_before
    return _ScannedInfo(positions, (start, cursor.position), is_sorted, v1_sum)
