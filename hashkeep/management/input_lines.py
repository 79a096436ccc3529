"""What an operator gives a command to read: lists, a line a thing, and why they cannot be read."""

import sys
from collections.abc import Iterator
from urllib.error import URLError

from django.core.management.base import CommandError


def read_lines(path: str) -> Iterator[str]:
    """Those of a file that say something; # begins a comment, and - is stdin."""
    try:
        with sys.stdin if path == "-" else open(path, encoding="utf-8") as file:
            yield from filter(None, (line.partition("#")[0].strip() for line in file))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {describe_error(error)}.") from error


def describe_error(error: Exception) -> str:
    """Without Python's number for it, and without the name, which has been said."""
    if isinstance(error, UnicodeDecodeError):
        return "it is no text in UTF-8"
    if isinstance(error, URLError) and isinstance(error.reason, Exception):
        return describe_error(error.reason)
    return ((isinstance(error, OSError) and error.strerror) or str(error)).rstrip(".")
