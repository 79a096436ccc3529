"""Which part of a file a request asks for (RFC 9110, 14)."""

import re

_ONE = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", re.ASCII | re.IGNORECASE)


class UnsatisfiableRange(Exception):
    """It asks for nothing that is there."""


def parse_range(asked: str, size: int) -> range | None:
    """None: all of it, also where several parts are asked for, or what is none. Raises Unsatisfiable."""
    one = _ONE.fullmatch(asked)
    if one is None or one.groups() == ("", ""):
        return None
    first, last = one.groups()
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last) + 1, size) if first and last else size
    if start >= end:
        raise UnsatisfiableRange
    return range(start, end)
