"""The header Range: which part of a file a request asks for (RFC 9110, section 14)."""

import re

_SINGLE_RANGE = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", re.ASCII | re.IGNORECASE)


class UnsatisfiableRange(Exception):
    """No byte of the file is in the range: status 416."""


def parse_range(header: str, size: int) -> range | None:
    """The byte range; None for the whole file, also where the header has several ranges or cannot be parsed.

    `size`: the file's, in bytes. Raises UnsatisfiableRange.
    """
    match = _SINGLE_RANGE.fullmatch(header)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last) + 1, size) if first and last else size
    if start >= end:
        raise UnsatisfiableRange
    return range(start, end)
