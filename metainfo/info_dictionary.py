"""What an info dictionary means, and whether it is sound: v1 (BEP 3), v2 (BEP 52), or a hybrid of both."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from metainfo.bencode_dictionary import Dictionary
from metainfo.bencode_scalars import INTEGER
from metainfo.errors import NotATorrent, TooComplex
from metainfo.file_entries import FileEntry, read_v1_files, read_v2_files

KEYS = frozenset(
    {
        b"attr",
        b"file tree",
        b"files",
        b"length",
        b"meta version",
        b"name",
        b"name.utf-8",
        b"piece length",
        b"pieces",
        b"private",
    }
)
MIN_PIECE_LIMIT = (
    2_097_152  # as in libtorrent; a torrent of more than 42 MB may have a piece for each 20 bytes
)
MAX_PIECE_LENGTH = 1 << 31  # bytes; libtorrent's limit of 512 MiB is one of its piece picker
MAX_CONTENT_SIZE = (1 << 48) - 1  # bytes, as in libtorrent
_SHA1_BYTES = 20
_MIN_V2_PIECE_LENGTH = 1 << 14  # bytes
_DIFFERENT_FILES = "“files” of v1 and “file tree” of v2 do not name the same files."
_BADLY_PADDED = "The pad files of v1 do not lay the files out as v2 does."
_PRIVATE_IS_OFF = (b"i0e", b"0:", b"1:0")  # the integer 0, the string "0", an empty string


@dataclass(frozen=True, slots=True)
class ContentSum:
    """The files of a torrent, summed up."""

    file_count: int  # without pad files
    size: int  # bytes, without pad files
    pad_count: int  # pad files of v1; in v2, the files that would need one
    span: int  # bytes that the pieces cover, with the pads; v2 implies those
    largest_path: tuple[bytes, ...]  # of the largest file
    last_padding: int = 0  # of v2: bytes that the last file leaves free in its last piece
    layered: dict[bytes, int] = field(
        default_factory=dict
    )  # of v2: pieces root to size, of files of several pieces

    def piece_count(self, piece_length: int) -> int:
        """How many pieces of this many bytes the files fill."""
        return -(-self.span // piece_length)


def sum_v1(entries: Iterable[FileEntry]) -> ContentSum:
    """Sum up the files of v1. Everything is in one loop, since a torrent can have hundreds of thousands."""
    files = size = pads = padding = largest = 0
    largest_path: tuple[bytes, ...] = ()
    for path, length, is_pad, _ in entries:
        if is_pad:
            pads += 1
            padding += length
        else:
            files += 1
            size += length
            if length > largest:
                largest, largest_path = length, path
    return ContentSum(files, size, pads, size + padding, largest_path)


def sum_v2(entries: Iterable[FileEntry], piece_length: int) -> ContentSum:
    """Sum up the files of v2, each of which begins a piece of its own."""
    files = size = pads = padding = last_padding = largest = 0
    largest_path: tuple[bytes, ...] = ()
    layered: dict[bytes, int] = {}
    for path, length, _, pieces_root in entries:
        files += 1
        size += length
        if length:
            last_padding = -length % piece_length
            pads += last_padding > 0
            padding += last_padding
        if length > piece_length:
            layered.setdefault(pieces_root, length)
        if length > largest:
            largest, largest_path = length, path
    return ContentSum(files, size, pads, size + padding, largest_path, last_padding, layered)


def find_versions(info: Dictionary, is_sorted: bool) -> tuple[bool, bool]:
    """Whether an info dictionary is one of v1, and whether it is one of v2; a hybrid is both.

    `is_sorted`: whether its keys ascend, and those of the dictionaries in it. Beside `files`, a `length` means
    nothing; nor does it in v2. Raises NotATorrent.
    """
    v1 = b"pieces" in info
    v2 = _is_v2(info)
    if v2 != (b"file tree" in info):
        raise NotATorrent("“meta version” and “file tree” belong together; the info dictionary has only one.")
    if not v1 and not v2:
        raise NotATorrent("The info dictionary has no “pieces”.")
    if v1 and b"files" not in info and b"length" not in info:
        raise NotATorrent("The info dictionary has “pieces”, but neither “files” nor “length”.")
    if b"files" in info and not v1:  # libtorrent would take it for a hybrid
        raise NotATorrent("The info dictionary has “files”, but no “pieces”.")
    if v2 and not is_sorted:
        raise NotATorrent("The keys of the info dictionary are not sorted, which BEP 52 demands.")
    return v1, v2


def _is_v2(info: Dictionary) -> bool:
    """What `meta version` says. Below 2, or of another kind than an integer, it is as good as none: that is v1."""
    if b"meta version" not in info or info.cursor(b"meta version").peek() != INTEGER:
        return False
    version = info.integer(b"meta version") or 0
    if version > 2:  # noqa: PLR2004
        raise NotATorrent(f"This archive knows no “meta version” {version}.")
    return version == 2  # noqa: PLR2004


def is_private(info: Dictionary) -> bool:
    """Whether the private flag (BEP 27) is set: to 1, or to anything of another type than an integer but “0”."""
    return b"private" in info and not info.cursor(b"private").starts_with(_PRIVATE_IS_OFF)


def read_piece_length(info: Dictionary, v2: bool) -> int:
    """How many bytes a piece has. Raises NotATorrent."""
    length = info.integer(b"piece length")
    if length is None or not 0 < length <= MAX_PIECE_LENGTH:
        raise NotATorrent(f"“piece length” should be from 1 to {MAX_PIECE_LENGTH:,}, but is {length}.")
    if v2 and (length < _MIN_V2_PIECE_LENGTH or length & (length - 1)):
        raise NotATorrent(f"“piece length” of v2 should be a power of two from 16 KiB on, but is {length:,}.")
    return length


def sum_content(
    info: Dictionary, v1_sum: ContentSum | None, piece_length: int, v1: bool, v2: bool
) -> ContentSum:
    """Sum up the files, having made sure that they fit the pieces and, in a hybrid, each other.

    `v1_sum` is the sum of the list `files` of v1, if there is such a list and it has been read. Raises NotATorrent,
    TooComplex.
    """
    if v1 and v2:
        content = _sum_hybrid(info, v1_sum or sum_v1(read_v1_files(info)), piece_length)
    elif v2:
        content = sum_v2(read_v2_files(info), piece_length)
    else:
        content = v1_sum or sum_v1(read_v1_files(info))
    pieces = content.piece_count(piece_length)
    if not content.size:
        raise NotATorrent("The torrent holds nothing: its files are empty, or it has none.")
    if content.span > MAX_CONTENT_SIZE:
        raise NotATorrent(f"The files are more than {MAX_CONTENT_SIZE:,} bytes.")
    if pieces > (most := max(MIN_PIECE_LIMIT, len(info.data) // _SHA1_BYTES)):
        raise TooComplex(f"The torrent has {pieces:,} pieces; {most:,} are the most.")
    if v1:
        _check_piece_hashes(info, pieces)
    return content


def _sum_hybrid(info: Dictionary, v1_sum: ContentSum, piece_length: int) -> ContentSum:
    """The sum of v2, having made sure that v1 lists the same files at the same places."""
    if v1_sum.pad_count > v1_sum.file_count:
        raise NotATorrent(_BADLY_PADDED)
    pairs = _match_files(read_v1_files(info), read_v2_files(info), piece_length)
    v2_sum = sum_v2(pairs, piece_length)
    with_all_pads = (v2_sum.pad_count, v2_sum.span)
    # libtorrent before 2.0.8 left out the pad file after the last file.
    without_last_pad = (v2_sum.pad_count - 1, v2_sum.span - v2_sum.last_padding)
    if (v1_sum.pad_count, v1_sum.span) not in (with_all_pads, without_last_pad):
        raise NotATorrent(_BADLY_PADDED)
    return v2_sum


def _check_piece_hashes(info: Dictionary, pieces: int) -> None:
    """Raises NotATorrent unless `pieces` of v1 has a SHA-1 hash for each piece."""
    start, end = info.cursor(b"pieces").read_string_span()
    if end - start != pieces * _SHA1_BYTES:
        wanted = f"“pieces” should have {pieces * _SHA1_BYTES:,} bytes for files of this size"
        raise NotATorrent(f"{wanted}, but has {end - start:,}.")


def _match_files(v1: Iterator[FileEntry], v2: Iterator[FileEntry], piece_length: int) -> Iterator[FileEntry]:
    """The files of v2, having made sure that each is in v1, at the same place. Raises NotATorrent."""
    v1_position = v2_position = 0
    for two in v2:
        one = next(v1, None)
        while one and one.is_pad:
            v1_position += one.size
            one = next(v1, None)
        if one is None or (one.path, one.size) != (two.path, two.size):
            raise NotATorrent(_DIFFERENT_FILES)
        if one.size and v1_position != v2_position:
            raise NotATorrent(_BADLY_PADDED)
        v1_position += one.size
        v2_position += two.size + -two.size % piece_length
        yield two
    if not all(one.is_pad for one in v1):
        raise NotATorrent(_DIFFERENT_FILES)
