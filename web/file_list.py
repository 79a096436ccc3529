"""Files as lines of plain text, as they come: a list may be longer than is good to hold in memory."""

from collections.abc import Iterable, Iterator
from itertools import islice

from web.untrusted_text import MAX_LENGTH, make_printable

_AT_ONCE = 500  # lines


def format_files(files: Iterable[tuple[tuple[str, ...], int]]) -> Iterator[str]:
    """A line each, size and path, many at once."""
    each = iter(files)
    while some := list(islice(each, _AT_ONCE)):
        yield "".join([f"{size}\t{_shown(path)}\n" for path, size in some])


def _shown(path: tuple[str, ...]) -> str:
    joined = "/".join(path)
    if joined.isprintable() and (len(joined) <= MAX_LENGTH or max(map(len, path)) <= MAX_LENGTH):
        return joined
    return "/".join(map(make_printable, path))
