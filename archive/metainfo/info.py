"""What an info dictionary means: v1 (BEP 3), v2 (BEP 52) or both at once, and that it is sound."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from archive.errors import NotATorrent, TooComplex
from archive.metainfo.bencode import Dictionary
from archive.metainfo.files import Entry, v1_entries, v2_entries

KEYS = frozenset(
    (b"attr", b"file tree", b"files", b"length", b"meta version", b"name", b"name.utf-8")
    + (b"piece length", b"pieces", b"private")
)
MAX_PIECES = 2_097_152  # this and the next two as in libtorrent
MAX_PIECE_LENGTH = ((1 << 15) - 1) << 14
MAX_CONTENT = (1 << 48) - 1
_SHA1 = 20
_MIN_V2_PIECE = 1 << 14
_BADLY_PADDED = "The pad files of v1 do not lay the files out as v2 does."


@dataclass(slots=True)
class Content:
    """The files, summed up."""

    piece_length: int
    files: int = 0
    size: int = 0
    pads: int = 0
    span: int = 0  # bytes that the pieces cover: with pad files, or in v2 from one piece's start to another's
    layered: dict[bytes, int] = field(default_factory=dict)  # pieces root and size of files of several pieces

    @property
    def pieces(self) -> int:
        return -(-self.span // self.piece_length)

    def add(self, entry: Entry) -> None:
        if entry.pad:
            self.pads += 1
        else:
            self.files += 1
            self.size += entry.size
        self.span += entry.size
        if self.span > MAX_CONTENT:
            raise NotATorrent(f"The files are more than {MAX_CONTENT:,} bytes.")

    def add_aligned(self, entry: Entry) -> None:
        """Add a file of v2, each of which begins a piece of its own."""
        self.add(entry)
        if entry.size > self.piece_length:
            self.layered.setdefault(entry.root, entry.size)
        if self.span % self.piece_length:
            self.pads += 1
            self.span = self.pieces * self.piece_length


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


def content(info: Dictionary, v1: bool, v2: bool) -> Content:
    """The files summed up, having made sure that they fit the pieces and, in a hybrid, each other."""
    found = Content(_piece_length(info, v2))
    if v1 and v2:
        _add_both(found, info)
    elif v2:
        for entry in v2_entries(info):
            found.add_aligned(entry)
    else:
        for entry in v1_entries(info):
            found.add(entry)
    if not found.size:
        raise NotATorrent("The torrent holds nothing: its files are empty, or it has none.")
    if found.pieces > MAX_PIECES:
        raise TooComplex(f"The torrent has {found.pieces:,} pieces; {MAX_PIECES:,} are the most.")
    if v1:
        _check_pieces(info, found.pieces)
    return found


def _piece_length(info: Dictionary, v2: bool) -> int:
    length = info.integer(b"piece length")
    if length is None or not 0 < length <= MAX_PIECE_LENGTH:
        raise NotATorrent(f"“piece length” should be from 1 to {MAX_PIECE_LENGTH:,}, but is {length}.")
    if v2 and (length < _MIN_V2_PIECE or length & (length - 1)):
        raise NotATorrent(f"“piece length” of v2 should be a power of two from 16 KiB on, but is {length:,}.")
    return length


def _check_pieces(info: Dictionary, pieces: int) -> None:
    start, end = info.cursor(b"pieces").string_span()
    if end - start != pieces * _SHA1:
        wanted = f"“pieces” should have {pieces * _SHA1:,} bytes for files of this size"
        raise NotATorrent(f"{wanted}, but has {end - start:,}.")


def _add_both(found: Content, info: Dictionary) -> None:
    """Walk both lists of a hybrid, which must name the same files at the same places."""
    old = Content(found.piece_length)
    end = 0
    for one, two in zip_longest(_without_pads(old, info), v2_entries(info)):
        if one is None or two is None or (one.path, one.size) != (two.path, two.size):
            raise NotATorrent("“files” of v1 and “file tree” of v2 do not name the same files.")
        if one.size:
            if old.span - one.size != found.span:
                raise NotATorrent(_BADLY_PADDED)
            end = old.span
        found.add_aligned(two)
    # The pad file after the last file is often left out.
    if (old.pads, old.span) not in ((found.pads, found.span), (found.pads - 1, end)):
        raise NotATorrent(_BADLY_PADDED)


def _without_pads(old: Content, info: Dictionary) -> Iterator[Entry]:
    for entry in v1_entries(info):
        old.add(entry)
        if not entry.pad:
            yield entry
