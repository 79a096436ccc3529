"""Read lists of infohashes and links, one a line, as editors of every system write them."""

import codecs
import re
from collections.abc import Iterable, Iterator

from metainfo.link import is_magnet

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_COMMENT = re.compile(r"[#;].*")
_MAX_LINE = 1_000_000  # characters; what is longer is cut into lines of this length


def decode_lines(chunks: Iterable[bytes], errors: str = "strict") -> Iterator[str]:
    """The lines of a text in UTF-8, or in UTF-16 if it begins with a byte order mark, without that mark.

    Lines end with LF, CR LF or CR. Raises UnicodeDecodeError with `errors` strict.
    """
    remaining = iter(chunks)
    head = b""
    while len(head) < 3 and (chunk := next(remaining, b"")):
        head += chunk
    mark, encoding = next(((mark, name) for mark, name in _BOMS if head.startswith(mark)), (b"", "utf-8"))
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    pending = ""
    for text in _decode_chunks(decoder, head[len(mark) :], remaining):
        pending += text
        held_back = "\r" if pending.endswith("\r") else ""  # an LF may follow
        *lines, pending = re.split(r"\r\n|\r|\n", pending.removesuffix("\r"))
        pending += held_back
        yield from lines
        if len(pending) > _MAX_LINE:
            yield pending
            pending = ""
    yield from filter(None, pending.split("\r"))


def _decode_chunks(
    decoder: codecs.IncrementalDecoder, head: bytes, remaining: Iterator[bytes]
) -> Iterator[str]:
    yield decoder.decode(head)
    for chunk in remaining:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def list_entries(lines: Iterable[str]) -> Iterator[str]:
    """What the lines list, without comments and empty lines: # and ; begin a comment, except in a magnet link."""
    for line in lines:
        text = line.strip().strip("\ufeff\0").strip()
        entry = text if is_magnet(text) else _COMMENT.sub("", text, count=1).strip()
        if entry:
            yield entry
