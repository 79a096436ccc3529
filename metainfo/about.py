"""What the outer dictionary tells about a torrent. Nothing depends on it, so that any type is borne with."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, islice

from metainfo.bencode import DIGITS, END, LIST, Cursor, Dictionary
from metainfo.text import MAX_BYTES, text

MAX_URLS = 1_000
MAX_URL = 2_000  # characters
_MAX_ITEMS = 10_000  # of a list of URLs, of whatever kind; what comes after them is passed over
_SECONDS = re.compile(rb"i([0-9]{1,11})e")  # since 1970; 11 digits last until the year 5138


def trackers(root: Dictionary) -> tuple[str, ...]:
    """The announce URLs (BEP 3), then those of the announce list (BEP 12)."""
    return _urls(root, b"announce", b"announce-list")


def web_seeds(root: Dictionary) -> tuple[str, ...]:
    """Where the content lies on the web (BEP 19)."""
    return _urls(root, b"url-list")


def words(root: Dictionary, key: bytes) -> str:
    """A text, preferably from the key that promises UTF-8."""
    raw = _raw(root, key + b".utf-8") or _raw(root, key)
    return text(raw, encoding(root))


def encoding(root: Dictionary) -> str:
    """What the torrent says its texts are encoded in."""
    return _raw(root, b"encoding").decode("ascii", "replace")


def created(root: Dictionary) -> datetime | None:
    """The creation date."""
    if b"creation date" not in root:
        return None
    cursor = root.cursor(b"creation date")
    match = _SECONDS.match(root.data, cursor.at)
    return datetime.fromtimestamp(int(match[1]), UTC) if match else None


def _raw(root: Dictionary, key: bytes) -> bytes:
    if key not in root:
        return b""
    cursor = root.cursor(key)
    return _start_of_string(cursor) if cursor.next() in DIGITS else b""


def _start_of_string(cursor: Cursor) -> bytes:
    start, end = cursor.string_span()
    return cursor.data[start : min(end, start + MAX_BYTES + 1)]


def _urls(root: Dictionary, *keys: bytes) -> tuple[str, ...]:
    found = chain.from_iterable(_strings(root.cursor(key)) for key in keys if key in root)
    urls = (text(raw).strip() for raw in found)
    fitting = (url for url in urls if "://" in url and len(url) <= MAX_URL)
    return tuple(islice(dict.fromkeys(fitting), MAX_URLS))


def _strings(cursor: Cursor) -> Iterator[bytes]:
    """The strings in a value, however deep in lists they are: some makers leave a list out, or add one."""
    depth = 0
    for _ in range(_MAX_ITEMS):
        kind = cursor.next()
        if kind in (LIST, END):
            depth += 1 if kind == LIST else -1
            cursor.at += 1
        elif kind in DIGITS:
            yield _start_of_string(cursor)
        else:
            cursor.skip()
        if not depth:
            return
