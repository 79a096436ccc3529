"""What an info dictionary means: v1 (BEP 3), v2 (BEP 52) or both at once, and that it is sound."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from metainfo.bencode import Dictionary
from metainfo.errors import NotATorrent, TooComplex
from metainfo.files import Entry, v1_entries, v2_entries

KEYS = frozenset(
    (b"attr", b"file tree", b"files", b"length", b"meta version", b"name", b"name.utf-8")
    + (b"piece length", b"pieces", b"private")
)
MAX_PIECES = 2_097_152  # this and the next two as in libtorrent
MAX_PIECE_LENGTH = ((1 << 15) - 1) << 14
MAX_CONTENT = (1 << 48) - 1
_SHA1 = 20
_MIN_V2_PIECE = 1 << 14
_DIFFERENT = "“files” of v1 and “file tree” of v2 do not name the same files."
_BADLY_PADDED = "The pad files of v1 do not lay the files out as v2 does."


@dataclass(frozen=True, slots=True)
class Content:
    """The files, summed up."""

    files: int
    size: int
    pads: int  # pad files, which count as neither
    span: int  # bytes that the pieces cover, including the pads; those of v2 are only implied
    main: tuple[bytes, ...]  # path of the largest file
    tail: int = 0  # in v2: what the last file leaves of its last piece
    layered: dict[bytes, int] = field(default_factory=dict)  # in v2: root and size of files of several pieces

    def pieces(self, length: int) -> int:
        return -(-self.span // length)


def sum_v1(entries: Iterable[Entry]) -> Content:
    """The files of v1; everything is in one loop, since a torrent can have hundreds of thousands."""
    files = size = pads = padding = largest = 0
    main: tuple[bytes, ...] = ()
    for path, length, pad, _ in entries:
        if pad:
            pads += 1
            padding += length
        else:
            files += 1
            size += length
            if length > largest:
                largest, main = length, path
    return Content(files, size, pads, size + padding, main)


def sum_v2(entries: Iterable[Entry], piece_length: int) -> Content:
    """The files of v2, each of which begins a piece of its own."""
    files = size = pads = padding = tail = largest = 0
    main: tuple[bytes, ...] = ()
    layered: dict[bytes, int] = {}
    for path, length, _, root in entries:
        files += 1
        size += length
        if length:
            tail = -length % piece_length
            pads += tail > 0
            padding += tail
        if length > piece_length:
            layered.setdefault(root, length)
        if length > largest:
            largest, main = length, path
    return Content(files, size, pads, size + padding, main, tail, layered)


def versions(info: Dictionary, disorder: bool) -> tuple[bool, bool]:
    """Whether an info dictionary is one of v1, and one of v2."""
    v1 = b"pieces" in info
    v2 = b"meta version" in info
    if v2 and (version := info.integer(b"meta version")) != 2:
        raise NotATorrent(f"This archive knows no “meta version” {version}.")
    if v2 != (b"file tree" in info):
        raise NotATorrent("“meta version” and “file tree” belong together; the info dictionary has only one.")
    if not v1 and not v2:
        raise NotATorrent("The info dictionary has no “pieces”.")
    if (b"files" in info) + (b"length" in info) != v1:
        raise NotATorrent("The info dictionary should have either “files” or “length”, and “pieces” with it.")
    if v2 and disorder:
        raise NotATorrent("The keys of the info dictionary are not sorted, which BEP 52 demands.")
    return v1, v2


def is_private(info: Dictionary) -> bool:
    """Whether the private flag (BEP 27) is set; whoever wrote it with another type meant it as well."""
    if b"private" not in info:
        return False
    cursor = info.cursor(b"private")
    return not cursor.data.startswith((b"i0e", b"0:", b"1:0"), cursor.at)


def piece_length(info: Dictionary, v2: bool) -> int:
    """How many bytes a piece has."""
    length = info.integer(b"piece length")
    if length is None or not 0 < length <= MAX_PIECE_LENGTH:
        raise NotATorrent(f"“piece length” should be from 1 to {MAX_PIECE_LENGTH:,}, but is {length}.")
    if v2 and (length < _MIN_V2_PIECE or length & (length - 1)):
        raise NotATorrent(f"“piece length” of v2 should be a power of two from 16 KiB on, but is {length:,}.")
    return length


def content(info: Dictionary, listed: Content | None, length: int, v1: bool, v2: bool) -> Content:
    """The files summed up, having made sure that they fit the pieces and, in a hybrid, each other.

    `listed` are those of the list in v1, if there is one; `length` is that of the pieces.
    """
    if v1 and v2:
        found = _both(info, listed or sum_v1(v1_entries(info)), length)
    else:
        found = sum_v2(v2_entries(info), length) if v2 else listed or sum_v1(v1_entries(info))
    if not found.size:
        raise NotATorrent("The torrent holds nothing: its files are empty, or it has none.")
    if found.span > MAX_CONTENT:
        raise NotATorrent(f"The files are more than {MAX_CONTENT:,} bytes.")
    if found.pieces(length) > MAX_PIECES:
        raise TooComplex(f"The torrent has {found.pieces(length):,} pieces; {MAX_PIECES:,} are the most.")
    if v1:
        _check_pieces(info, found.pieces(length))
    return found


def _both(info: Dictionary, old: Content, length: int) -> Content:
    if old.pads > old.files:
        raise NotATorrent(_BADLY_PADDED)
    new = sum_v2(_matched(v1_entries(info), v2_entries(info), length), length)
    without_last_pad = (new.pads - 1, new.span - new.tail)  # which libtorrent before 2.0.8 left out
    if (old.pads, old.span) not in ((new.pads, new.span), without_last_pad):
        raise NotATorrent(_BADLY_PADDED)
    return new


def _check_pieces(info: Dictionary, pieces: int) -> None:
    start, end = info.cursor(b"pieces").string_span()
    if end - start != pieces * _SHA1:
        wanted = f"“pieces” should have {pieces * _SHA1:,} bytes for files of this size"
        raise NotATorrent(f"{wanted}, but has {end - start:,}.")


def _matched(v1: Iterator[Entry], v2: Iterator[Entry], piece_length: int) -> Iterator[Entry]:
    """The files of v2, having made sure that each is in v1, at the same place."""
    old_at = new_at = 0
    for two in v2:
        one = next(v1, None)
        while one and one.pad:
            old_at += one.size
            one = next(v1, None)
        if one is None or (one.path, one.size) != (two.path, two.size):
            raise NotATorrent(_DIFFERENT)
        if one.size and old_at != new_at:
            raise NotATorrent(_BADLY_PADDED)
        old_at += one.size
        new_at += two.size + -two.size % piece_length
        yield two
    if not all(one.pad for one in v1):
        raise NotATorrent(_DIFFERENT)
