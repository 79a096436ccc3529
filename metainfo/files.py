"""The files that an info dictionary lists: `length` or `files` of v1 (BEP 3), `file tree` of v2 (BEP 52).

All but the list of v1 has been scanned when it is read here: it is well-formed and within the limits.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from metainfo.bencode import DICTIONARY, END, LIST, SLOW, Cursor, Dictionary, quoted
from metainfo.errors import NotATorrent, TooComplex

MAX_PATH = 100  # elements, as in libtorrent
MAX_FILE = ((1 << 30) - 1) << 14  # bytes, as in libtorrent: 2^30 - 1 blocks of 16 KiB

_BITCOMET_PAD = b"_____padding_file_"  # older than BEP 47
# Thirteen digits are fewer than MAX_FILE. A pad file or one to be executed says so first (BEP 47).
_PLAIN_V1 = re.compile(rb"d(?:4:attr1:([px]))?6:lengthi(0|[1-9][0-9]{0,12})e4:pathl")
_PLAIN_TOKENS = 7  # without the elements of the path
_PLAIN_V2 = re.compile(rb"d0:d6:lengthi([1-9][0-9]{0,12})e11:pieces root32:(.{32})ee", re.DOTALL)
_NO_ROOT = bytes(32)


class Entry(NamedTuple):
    """A file as listed."""

    path: tuple[bytes, ...]  # inside the folder that the torrent's name names, or that name itself
    size: int
    pad: bool = False  # BEP 47: only fills up a piece
    root: bytes = b""  # BEP 52: pieces root


def v1_entries(info: Dictionary) -> Iterator[Entry]:
    """The files as v1 lists them."""
    return listed(info.cursor(b"files")) if b"files" in info else iter((_file(info),))


def listed(cursor: Cursor) -> Iterator[Entry]:
    """Read a list of files, which may be unscanned but for this: where it is cut off, there is an IndexError."""
    data = cursor.data
    bitcomet = _BITCOMET_PAD in data
    cursor.enter(LIST)
    at = cursor.at
    while True:
        start = at
        match = _PLAIN_V1.match(data, at)
        path, end = _elements(cursor, match.end()) if match else ((), at)
        # A file with a length and a path, and no more: nearly every file of nearly every torrent.
        if match and path and data[end] == END:
            at = end + 1
            kind, size = match.groups()
            cursor.tokens -= _PLAIN_TOKENS + len(path) + (2 if kind else 0)
            if cursor.tokens < 0:
                break
            entry = Entry(path, int(size), kind == b"p")
        else:
            if data[at] == END:
                break
            cursor.at = at
            entry = _v1_file(cursor)
            at = cursor.at
        if bitcomet and data.find(_BITCOMET_PAD, start, at) >= 0:
            entry = entry._replace(pad=entry.pad or _BITCOMET_PAD in b"/".join(entry.path))
        yield entry
    cursor.at = at
    cursor.leave()


def v2_entries(info: Dictionary) -> Iterator[Entry]:
    """The files as v2 lists them; only of a dictionary whose keys ascend."""
    cursor = info.cursor(b"file tree")
    data, at = cursor.data, cursor.at + 1
    if cursor.next() != DICTIONARY:
        raise NotATorrent("“file tree” should be a dictionary.")
    folders: list[bytes] = []
    while data[at] != END or folders:
        if data[at] == END:
            folders.pop()
            at += 1
            continue
        name, at = cursor.string_at(at)
        if not name:
            raise NotATorrent("In “file tree” there is a file without a name.")
        if data.startswith(b"d0:", at):
            cursor.at = at
            yield _v2_file(cursor, (*folders, name))
            at = cursor.at
        elif data[at] == DICTIONARY and data[at + 1] != END:
            folders.append(name)
            cursor.spend(2 + SLOW)
            at += 1
        else:
            raise NotATorrent(f"In “file tree”, {quoted(name)} is neither a file nor a folder with files.")


def name(info: Dictionary) -> bytes:
    """The torrent's name: that of its only file, or of the folder for its files."""
    names = (info.string(b"name.utf-8"), info.string(b"name"))
    found = next((n for n in names if n is not None), None)
    if found is None:
        raise NotATorrent("The info dictionary has no “name”.")
    return found


def _file(info: Dictionary) -> Entry:
    """The only file, which the info dictionary itself describes."""
    path = name(info)
    if path in (b"", b".", b".."):
        raise NotATorrent(f"{quoted(path)} is no name for a file.")
    attributes = info.string(b"attr") or b""
    size = _size(info.integer(b"length"), attributes, path)
    return Entry((path,), size, b"p" in attributes or _BITCOMET_PAD in path)


def _v1_file(cursor: Cursor) -> Entry:
    file = _described(cursor)
    pad = b"p" in file.attributes
    if not file.path and not pad:
        raise NotATorrent("In “files” there is a file without a path.")
    return Entry(file.path, _size(file.size, file.attributes, file.path[-1] if file.path else b""), pad)


def _v2_file(cursor: Cursor, path: tuple[bytes, ...]) -> Entry:
    if match := _PLAIN_V2.match(cursor.data, cursor.at):
        cursor.at = match.end()
        return Entry(path, int(match[1]), False, _root(match[2], path[-1]))
    cursor.at += len(b"d0:")
    file = _described(cursor)
    if cursor.data[cursor.at] != END:
        raise NotATorrent(f"In “file tree”, {quoted(path[-1])} is both file and folder.")
    cursor.at += 1
    if b"p" in file.attributes:
        raise NotATorrent("In “file tree” there is a pad file, which BEP 52 leaves to v1.")
    size = _size(file.size, file.attributes, path[-1])
    return Entry(path, size, False, _root(file.root, path[-1]) if size else b"")


class _Description(NamedTuple):
    """What a file's dictionary says, in v1 and v2."""

    size: int | None
    path: tuple[bytes, ...]
    attributes: bytes
    root: bytes


def _described(cursor: Cursor) -> _Description:
    """Read one key by key: hundreds of thousands of them must not take long, and count for more than others."""
    if cursor.next() != DICTIONARY:
        raise cursor.unlike(DICTIONARY)
    cursor.depth += 1
    cursor.at += 1
    cursor.spend(2 + SLOW)
    data, last = cursor.data, None
    found: dict[bytes, Any] = {}
    while data[cursor.at] != END:
        key = cursor.string()
        cursor.spend(SLOW)
        if last is not None and key <= last:
            cursor.disorder = True
        last = key
        if (read := _READ.get(key)) is None:
            cursor.skip()
        elif key in found:
            raise NotATorrent(f"A file has the key {quoted(key)} twice.")
        else:
            found[key] = read(cursor)
    cursor.depth -= 1
    cursor.at += 1
    path = found.get(b"path.utf-8", found.get(b"path", ()))
    return _Description(found.get(b"length"), path, found.get(b"attr", b""), found.get(b"pieces root", b""))


def _size(size: int | None, attributes: bytes, name: bytes) -> int:
    """A size within bounds; that of a symbolic link (BEP 47) is nothing."""
    if b"l" in attributes:
        return 0
    if size is None:
        raise NotATorrent(f"The file {quoted(name)} has no “length”.")
    if not 0 <= size < MAX_FILE:
        raise NotATorrent(f"The file {quoted(name)} cannot be {size:,} bytes long.")
    return size


def _root(root: bytes, name: bytes) -> bytes:
    if len(root) != len(_NO_ROOT) or root == _NO_ROOT:
        raise NotATorrent(f"The file {quoted(name)} has no “pieces root” of 32 bytes.")
    return root


def _path(cursor: Cursor) -> tuple[bytes, ...]:
    if cursor.next() != LIST:
        raise cursor.unlike(LIST)
    path, cursor.at = _elements(cursor, cursor.at + 1)
    cursor.tokens -= 2 + len(path)
    return path


def _elements(cursor: Cursor, at: int) -> tuple[tuple[bytes, ...], int]:
    """A list of strings from its first item on, and where it ends."""
    path, end = cursor.strings_at(at, MAX_PATH)
    if cursor.data[end] != END:
        raise TooComplex(f"A path in “files” has more than {MAX_PATH} elements.")
    return path, end + 1


_READ: dict[bytes, Callable[[Cursor], object]] = {
    b"attr": Cursor.string,
    b"length": Cursor.integer,
    b"path": _path,
    b"path.utf-8": _path,
    b"pieces root": Cursor.string,
    b"symlink path": _path,
}
