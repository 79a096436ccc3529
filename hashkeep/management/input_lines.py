"""Reads the lines of a file or of stdin that an operator names, and words the errors of reading."""

import sys
from collections.abc import Iterator
from urllib.error import URLError

from django.core.management.base import CommandError

from metainfo.infohash_list import decode_lines, list_entries


def read_lines(path: str) -> Iterator[str]:
    """The lines of the file, or of stdin for `-`, without comments and empty lines.

    Raises CommandError where it cannot be read as UTF-8 or UTF-16.
    """
    try:
        if path == "-":
            yield from list_entries(sys.stdin)
            return
        with open(path, "rb") as file:
            yield from list_entries(decode_lines(file))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {describe_error(error)}.") from error


def describe_error(error: Exception) -> str:
    """The error in words, without Python's number for it, the file's name and a full stop."""
    if isinstance(error, UnicodeDecodeError):
        return "it is no text in UTF-8"
    if isinstance(error, URLError) and isinstance(error.reason, Exception):
        return describe_error(error.reason)
    return ((isinstance(error, OSError) and error.strerror) or str(error)).rstrip(".")
