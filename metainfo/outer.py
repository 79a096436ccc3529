"""A torrent's outer dictionary: scanned once, from the first byte to the last, for where its parts stand."""

from dataclasses import dataclass

from metainfo.bencode import DICTIONARY, Cursor, Dictionary
from metainfo.errors import EmptyTorrent, NotATorrent, TooLarge
from metainfo.files import listed
from metainfo.info import KEYS as INFO_KEYS
from metainfo.info import Content, sum_v1

KEYS = frozenset(
    (b"announce", b"announce-list", b"comment", b"comment.utf-8", b"created by", b"created by.utf-8")
    + (b"creation date", b"encoding", b"piece layers", b"url-list")
)
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


@dataclass(slots=True)
class Torrent:
    """Bytes found to be well-formed, and where their parts stand."""

    root: Dictionary
    info: Dictionary
    info_span: tuple[int, int]
    disorder: bool  # the keys of the info dictionary, or of one within it, do not ascend
    listed: Content | None  # the sum of `files`, which is long enough to be read only once


def scan(torrent: bytes, max_bytes: int, max_tokens: int) -> Torrent:
    """Make sure that the bytes are one bencoded dictionary with an info dictionary, and nothing else."""
    _check_start(torrent, max_bytes)
    cursor = Cursor(torrent, tokens=max_tokens)
    places: dict[bytes, int] = {}
    found: Torrent | None = None
    for key in cursor.each_key():
        if key == b"info":
            found = _scan_info(cursor, Dictionary(torrent, places))
        else:
            if key in KEYS:
                places[key] = cursor.at
            cursor.skip()
    if trailing := len(torrent) - cursor.at:
        raise NotATorrent(
            f"Something follows the end of the torrent: {trailing:,} of {len(torrent):,} bytes."
        )
    if found is None:
        raise NotATorrent("There is no info dictionary: this is bencoded, but no torrent.")
    found.root.tokens = found.info.tokens = cursor.tokens  # what is read twice counts twice
    return found


def _check_start(torrent: bytes, max_bytes: int) -> None:
    if not torrent:
        raise EmptyTorrent("There is not a single byte.")
    if len(torrent) > max_bytes:
        raise TooLarge(f"The torrent has more than the {max_bytes:,} bytes that this archive takes.")
    if torrent[0] != DICTIONARY:
        start = torrent[:200].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
        known = (sentence for mark, sentence in _NOT_BENCODED if start.startswith(mark.lower()))
        raise NotATorrent(next(known, "This is no torrent: it does not begin with a bencoded dictionary."))


def _scan_info(cursor: Cursor, root: Dictionary) -> Torrent:
    start = cursor.at
    cursor.disorder = False
    places: dict[bytes, int] = {}
    content = None
    for key in cursor.each_key():
        if key in INFO_KEYS:
            places[key] = cursor.at
        if key == b"files":
            content = _sum_up(cursor)
        else:
            cursor.skip()
    return Torrent(root, Dictionary(cursor.data, places), (start, cursor.at), cursor.disorder, content)


def _sum_up(cursor: Cursor) -> Content:
    try:
        return sum_v1(listed(cursor))
    except IndexError:
        raise cursor.cut_off() from None
