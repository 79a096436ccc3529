"""The files that an info dictionary lists: `length` or `files` of v1 (BEP 3), `file tree` of v2 (BEP 52).

Each is read in one pass that yields a FileEntry for each file. All but the list of v1 has been skipped before, and so
is known to be well-formed and within the limits.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from metainfo.bencode_cursor import Cursor
from metainfo.bencode_dictionary import Dictionary
from metainfo.bencode_scalars import DICTIONARY, DIGITS, LIST, quote_bytes
from metainfo.errors import NotATorrent

MAX_PATH_ELEMENTS = 100  # as in libtorrent
MAX_FILE_SIZE = ((1 << 30) - 1) << 14  # bytes, as in libtorrent: 2^30 - 1 blocks of 16 KiB

_PATH_TOO_LONG = f"A path in “files” has more than {MAX_PATH_ELEMENTS} elements."
_BITCOMET_PAD = b"_____padding_file_"  # in the name of a pad file; older than BEP 47
# Up to the path, a file of v1 that has a length and a path, and at most one attribute: nearly every file of nearly
# every torrent. Thirteen digits are fewer than MAX_FILE_SIZE; p is a pad file, x one to be executed (BEP 47).
_USUAL_V1_FILE = re.compile(rb"d(?:4:attr1:([px]))?6:lengthi(0|[1-9][0-9]{0,12})e4:pathl")
_USUAL_V1_TOKENS = 7  # of its parts besides the attribute and the elements of the path
_ATTRIBUTE_TOKENS = 2
# In v2 a file is the value of an empty key, which its name has as its only key.
_V2_FILE = b"d0:"
_USUAL_V2_FILE = re.compile(rb"d0:d6:lengthi([1-9][0-9]{0,12})e11:pieces root32:(.{32})ee", re.DOTALL)
_V2_FILE_BEGIN, _V2_FILE_END = re.compile(b"d0:"), re.compile(b"e")
_ZERO_ROOT = bytes(32)


class FileEntry(NamedTuple):
    """A file as the info dictionary lists it."""

    path: tuple[bytes, ...]  # inside the folder that the torrent's name names, or that name itself
    size: int
    is_pad: bool = False  # a pad file (BEP 47): only fills up a piece
    pieces_root: bytes = b""  # of v2 (BEP 52): 32 bytes, none for an empty file


def read_v1_files(info: Dictionary) -> Iterator[FileEntry]:
    """The files as v1 lists them."""
    return read_v1_list(info.cursor(b"files")) if b"files" in info else iter((_read_single_file(info),))


def read_v1_list(cursor: Cursor) -> Iterator[FileEntry]:
    """Read the list `files` of v1, before which the cursor stands; it may not have been skipped over before."""
    may_have_bitcomet_pads = _BITCOMET_PAD in cursor.data
    records = cursor.each_record(_USUAL_V1_FILE, _USUAL_V1_TOKENS, MAX_PATH_ELEMENTS, _PATH_TOO_LONG)
    for record in records:
        if record:
            head, path = record
            attribute, size = head.groups()
            if attribute:
                cursor.spend(_ATTRIBUTE_TOKENS)
            entry = FileEntry(path, int(size), attribute == b"p")
        else:
            entry = _read_v1_file(cursor)
        if may_have_bitcomet_pads and _BITCOMET_PAD in b"/".join(entry.path):
            entry = entry._replace(is_pad=True)
        yield entry


def read_v2_files(info: Dictionary) -> Iterator[FileEntry]:
    """The files as v2 lists them. The keys of the dictionary must ascend, so that none is there twice."""
    cursor = info.cursor(b"file tree")
    if cursor.peek() != DICTIONARY:
        raise NotATorrent("“file tree” should be a dictionary.")
    for path, usual in cursor.each_leaf(_USUAL_V2_FILE, _V2_FILE):
        if usual:
            yield FileEntry(path, int(usual[1]), False, _check_pieces_root(usual[2], path[-1]))
        elif path[-1]:
            yield _read_v2_file(cursor, path)
        else:
            raise NotATorrent("In “file tree” there is a file without a name.")


def read_torrent_name(info: Dictionary) -> bytes:
    """The torrent's name: that of its only file, or of the folder for its files."""
    if (name := info.optional_string(b"name.utf-8")) is None:
        name = info.string(b"name")
    if name is not None:
        return name
    raise NotATorrent("The info dictionary has no “name”.")


def _read_single_file(info: Dictionary) -> FileEntry:
    """The only file, which the info dictionary itself describes."""
    name = read_torrent_name(info)
    if name in (b"", b".", b".."):
        raise NotATorrent(f"{quote_bytes(name)} is no name for a file.")
    attributes = info.optional_string(b"attr") or b""
    size = _check_size(info.integer(b"length"), attributes, name)
    return FileEntry((name,), size, b"p" in attributes or _BITCOMET_PAD in name)


def _read_v1_file(cursor: Cursor) -> FileEntry:
    """Read a file of v1 whose dictionary is not of the usual shape."""
    fields = _read_file_fields(cursor, _V1_READERS)
    is_pad = b"p" in fields.attributes
    if not fields.path and not is_pad:
        raise NotATorrent("In “files” there is a file without a path.")
    name = fields.path[-1] if fields.path else b""
    return FileEntry(fields.path, _check_size(fields.size, fields.attributes, name), is_pad)


def _read_v2_file(cursor: Cursor, path: tuple[bytes, ...]) -> FileEntry:
    """Read what the cursor stands before, under the file's name, if it is not of the usual shape."""
    name = path[-1]
    if not cursor.read_match(_V2_FILE_BEGIN):
        raise NotATorrent(f"In “file tree”, {quote_bytes(name)} is neither a file nor a folder with files.")
    fields = _read_file_fields(cursor, _V2_READERS)
    if not cursor.read_match(_V2_FILE_END):
        raise NotATorrent(f"In “file tree”, {quote_bytes(name)} is both file and folder.")
    if b"p" in fields.attributes:
        raise NotATorrent("In “file tree” there is a pad file, which BEP 52 leaves to v1.")
    size = _check_size(fields.size, fields.attributes, name)
    return FileEntry(path, size, False, _check_pieces_root(fields.pieces_root, name) if size else b"")


class _FileFields(NamedTuple):
    """What a file's dictionary says, in v1 and v2."""

    size: int | None
    path: tuple[bytes, ...]
    attributes: bytes
    pieces_root: bytes


def _read_path(cursor: Cursor) -> tuple[bytes, ...] | NotATorrent | None:
    """The path; None for anything but a list; the error in the list, which counts only if this path is used."""
    if cursor.peek() != LIST:
        cursor.skip()
        return None
    try:
        return cursor.read_string_list(MAX_PATH_ELEMENTS, _PATH_TOO_LONG)
    except NotATorrent as error:
        cursor.skip()
        return error


def _read_attributes(cursor: Cursor) -> bytes:
    """The attributes (BEP 47); none where they are no string."""
    if cursor.peek() in DIGITS:
        return cursor.read_string()
    cursor.skip()
    return b""


_Readers = Mapping[bytes, Callable[[Cursor], object]]
_COMMON_READERS: _Readers = {b"attr": _read_attributes, b"length": Cursor.read_integer}
_V1_READERS: _Readers = {**_COMMON_READERS, b"path": _read_path, b"path.utf-8": _read_path}
_V2_READERS: _Readers = {**_COMMON_READERS, b"pieces root": Cursor.read_string}


def _read_file_fields(cursor: Cursor, readers: _Readers) -> _FileFields:
    fields: dict[bytes, Any] = cursor.read_fields(readers, "A file")
    path = fields.get(b"path.utf-8")
    if path is None:
        path = fields.get(b"path")
    if isinstance(path, NotATorrent):
        raise path
    attributes, pieces_root = fields.get(b"attr", b""), fields.get(b"pieces root", b"")
    return _FileFields(fields.get(b"length"), path or (), attributes, pieces_root)


def _check_size(size: int | None, attributes: bytes, name: bytes) -> int:
    """The size if it is within bounds; 0 for a symbolic link (attribute l, BEP 47). Raises NotATorrent."""
    if b"l" in attributes:
        return 0
    if size is None:
        raise NotATorrent(f"The file {quote_bytes(name)} has no “length”.")
    if not 0 <= size < MAX_FILE_SIZE:
        raise NotATorrent(f"The file {quote_bytes(name)} cannot be {size:,} bytes long.")
    return size


def _check_pieces_root(pieces_root: bytes, name: bytes) -> bytes:
    """The root if it is one of 32 bytes and not all zeros. Raises NotATorrent."""
    if len(pieces_root) != len(_ZERO_ROOT) or pieces_root == _ZERO_ROOT:
        raise NotATorrent(f"The file {quote_bytes(name)} has no “pieces root” of 32 bytes.")
    return pieces_root
