"""Undo the content coding of a request's body (RFC 9110, 8.4): gzip, x-gzip and deflate, also one upon another.

No more than the limit of the route is ever unpacked, at no step: the rest is dropped, as of a body that is not coded.
Nothing else that is wrong is an error here: a body that breaks off, or is damaged, is as much of it as could be read,
and what claims gzip and does not begin like it is left as it is. Whatever reads the body then says what it misses.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from wsgiref.types import WSGIEnvironment

ACCEPT_ENCODING = "gzip, x-gzip, deflate"

_CHUNK = 65_536
_MAX_CODINGS = 3
_MAX_MEMBERS = 16  # of one gzip file; each costs a copy of the bytes after it
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW, _ZLIB_WINDOW, _RAW_WINDOW = 31, 15, -15  # zlib's wbits

Step = Callable[[Iterable[bytes], int], Iterator[bytes]]


def content_codings(environ: WSGIEnvironment) -> list[str]:
    """The names of the codings, in the order in which they were applied; none for `identity`."""
    names = (name.strip().lower() for name in environ.get("HTTP_CONTENT_ENCODING", "").split(","))
    return [name for name in names if name not in ("", "identity")]


def is_unknown(codings: list[str]) -> bool:
    """Whether there is a coding that cannot be undone, or one too many."""
    return len(codings) > _MAX_CODINGS or not all(name in _STEPS for name in codings)


def decode_chunks(chunks: Iterable[bytes], codings: list[str], limit: int) -> Iterator[bytes]:
    """The body before these codings, of which none may be unknown; a little more than `limit` bytes at most."""
    for name in reversed(codings):
        chunks = _STEPS[name](chunks, limit)
    return iter(chunks)


def _undo_gzip(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    return _inflate(chunks, limit, lambda head: _GZIP_WINDOW if head.startswith(_GZIP_MAGIC) else None)


def _undo_deflate(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """With a header of zlib, as RFC 9110 says, or without one, as old programs of Microsoft and others send it."""
    return _inflate(chunks, limit, lambda head: _ZLIB_WINDOW if _has_zlib_header(head) else _RAW_WINDOW)


def _has_zlib_header(head: bytes) -> bool:
    """RFC 1950, 2.2."""
    return len(head) > 1 and head[0] & 0x0F == zlib.DEFLATED and int.from_bytes(head[:2], "big") % 31 == 0


def _inflate(
    chunks: Iterable[bytes], limit: int, choose_window: Callable[[bytes], int | None]
) -> Iterator[bytes]:
    """`choose_window`: zlib's window for a body that begins so; None for one that is not compressed."""
    chunks = _with_long_first_chunk(chunks)
    head = next(chunks, b"")
    if (window := choose_window(head)) is None:
        yield head
        yield from chunks
        return
    left = limit
    for plain in _decompress(head, chunks, window):
        yield plain
        left -= len(plain)
        if left < 0:
            return


def _decompress(head: bytes, chunks: Iterator[bytes], window: int) -> Iterator[bytes]:
    """In pieces of _CHUNK bytes at most, up to where the data is damaged or ends."""
    member, members, data = zlib.decompressobj(window), 1, head
    while data or (data := next(chunks, b"")):
        try:
            plain = member.decompress(data, _CHUNK)
        except zlib.error:
            return
        data = member.unconsumed_tail
        if member.eof:
            data, members = member.unused_data, members + 1
            if window != _GZIP_WINDOW or members > _MAX_MEMBERS:
                data, chunks = b"", iter(())
            member = zlib.decompressobj(window)
        if plain:
            yield plain
    with suppress(zlib.error):
        yield member.flush()


def _with_long_first_chunk(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes; the first chunk has at least two, for a header to be recognised, unless there are fewer."""
    iterator = iter(chunks)
    head = b""
    for chunk in iterator:
        head += chunk
        if len(head) > 1:
            break
    yield head
    yield from iterator


_STEPS: dict[str, Step] = {"gzip": _undo_gzip, "x-gzip": _undo_gzip, "deflate": _undo_deflate}
