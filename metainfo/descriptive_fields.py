"""What a torrent's outer dictionary says besides the info dictionary: trackers, comment, creator, date, web seeds.

Nothing depends on it, so that a value of a wrong type is no error here, but counts as absent.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, islice

from metainfo.bencode_cursor import Cursor
from metainfo.bencode_dictionary import Dictionary
from metainfo.bencode_scalars import DIGITS, END, LIST
from metainfo.text_decoding import MAX_TEXT_BYTES, decode_text, find_codec

MAX_URLS = 1_000
MAX_URL_LENGTH = 2_000  # characters
_MAX_VALUES = 10_000  # of a list of URLs, of any kind; those after them are ignored
_DATE = re.compile(rb"i0*([0-9]{1,11})e")  # seconds since 1970; 11 digits last until the year 5138
_CODE_PAGE = re.compile(rb"i0*([0-9]{1,5})e")
_LIST_BOUNDARY = re.compile(rb"[le]")


def read_trackers(root: Dictionary) -> tuple[str, ...]:
    """The announce URLs (BEP 3), then those of the announce list (BEP 12)."""
    return _read_urls(root, b"announce", b"announce-list")


def read_web_seeds(root: Dictionary) -> tuple[str, ...]:
    """The URLs of the content on web servers (BEP 19)."""
    return _read_urls(root, b"url-list")


def read_text(root: Dictionary, key: bytes) -> str:
    """The text under a key, preferably from the key with .utf-8 after it; empty where there is none."""
    raw = _read_bytes(root, key + b".utf-8") or _read_bytes(root, key)
    return decode_text(raw, read_encoding(root))


def read_encoding(root: Dictionary) -> str:
    """Python's codec for the texts that are not UTF-8; empty where the torrent names no charset that is known.

    `codepage` is BitComet's, a number of Windows, beside its `encoding` or in place of it.
    """
    match = root.cursor(b"codepage").read_match(_CODE_PAGE) if b"codepage" in root else None
    code_page = match[1] if match else _read_bytes(root, b"codepage")
    return find_codec(_read_bytes(root, b"encoding")) or find_codec(code_page)


def read_creation_date(root: Dictionary) -> datetime | None:
    """The creation date."""
    if b"creation date" not in root:
        return None
    match = root.cursor(b"creation date").read_match(_DATE)
    return datetime.fromtimestamp(int(match[1]), UTC) if match else None


def _read_bytes(root: Dictionary, key: bytes) -> bytes:
    if key not in root:
        return b""
    cursor = root.cursor(key)
    return _read_beginning(cursor) if cursor.peek() in DIGITS else b""


def _read_beginning(cursor: Cursor) -> bytes:
    """Read a string, of which only as much is copied as is decoded afterwards."""
    start, end = cursor.read_string_span(zeros=True)
    return cursor.data[start : min(end, start + MAX_TEXT_BYTES + 1)]


def _read_urls(root: Dictionary, *keys: bytes) -> tuple[str, ...]:
    strings = chain.from_iterable(_each_string(root.cursor(key)) for key in keys if key in root)
    urls = (decode_text(raw).strip() for raw in strings)
    valid = (url for url in urls if "://" in url and len(url) <= MAX_URL_LENGTH)
    return tuple(islice(dict.fromkeys(valid), MAX_URLS))


def _each_string(cursor: Cursor) -> Iterator[bytes]:
    """The strings in a value, however deep in lists they are: some makers leave a list out, or add one."""
    depth = 0
    for _ in range(_MAX_VALUES):
        kind = cursor.peek()
        if kind in (LIST, END):
            depth += 1 if kind == LIST else -1
            cursor.read_match(_LIST_BOUNDARY)
        elif kind in DIGITS:
            yield _read_beginning(cursor)
        else:
            cursor.skip()
        if not depth:
            return
