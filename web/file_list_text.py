"""Formats the files of a torrent as lines of plain text, without holding the whole list in memory."""

from collections.abc import Iterable, Iterator
from itertools import islice

from web.untrusted_text import MAX_LENGTH, make_printable

_LINES_AT_ONCE = 500


def format_files(files: Iterable[tuple[tuple[str, ...], int]]) -> Iterator[str]:
    """Yields texts of up to 500 lines; each line is the size in bytes, a tab and the path."""
    remaining = iter(files)
    while batch := list(islice(remaining, _LINES_AT_ONCE)):
        yield "".join([f"{size}\t{_format_path(path)}\n" for path, size in batch])


def _format_path(path: tuple[str, ...]) -> str:
    joined = "/".join(path)
    if joined.isprintable() and (len(joined) <= MAX_LENGTH or max(map(len, path)) <= MAX_LENGTH):
        return joined
    return "/".join(map(make_printable, path))
