"""Reads the body of a request, whole, before anything works on the request.

A client that sends slowly, or stops in the middle, so costs no thread and little memory:

* Up to 64 KB of a body lie in memory, more in a temporary file; all of it where the bodies take 128 MB already.
* What exceeds the limit of the request, or what no route reads, is read and dropped: a client that is cut off while
  it sends never reads why.
* Each 120 seconds at least 1,000 bytes have to arrive, and a body of up to 64 KB whole, else TimeoutError.
* All bodies together may take 4 GB of disk, else Overloaded.
* A body with a content coding that is known is unpacked, up to the same limit, on a thread.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO
from wsgiref.types import WSGIEnvironment

from server.body.content_coding import content_codings, decode_chunks, is_unknown
from server.environ import has_body, is_chunked
from server.rsgi_types import HTTPProtocol
from server.thread_pool import Overloaded, ThreadPool

IDLE_TIMEOUT = 120.0  # seconds in which at least _PROGRESS bytes arrive
_PROGRESS = 1_000
_IN_MEMORY = 65_536  # bytes of each body; more goes to a temporary file
_MEMORY = 128_000_000  # bytes of all bodies
_DISK = 4_000_000_000  # bytes of all bodies
_CHUNK = 65_536
_DROPPED_AT_MOST = 256_000_000  # bytes of one body, or the limit of its request if that is more


class _UnreadableBody(BytesIO):
    """Stands for a body that the disk for temporary files had no room for."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError("there is no room for the body of this request")


class _Spool:
    """Collects the bytes of one body, up to `limit`."""

    def __init__(self, limit: int, in_memory: int = _IN_MEMORY) -> None:
        self.length = self.kept = 0
        self._limit, self._longest = limit, max(limit, _DROPPED_AT_MOST)
        # No memory at all is written as 1: 0 would be without a limit.
        self.file: IO[bytes] = SpooledTemporaryFile(in_memory or 1)  # noqa: SIM115  it goes with the request

    @property
    def is_too_long(self) -> bool:
        """Whether no more of the body is read, not even to drop it."""
        return self.length >= self._longest

    def write(self, chunk: bytes) -> None:
        self.length += len(chunk)
        if self.kept >= self._limit or isinstance(self.file, _UnreadableBody):
            return
        try:
            self.file.write(chunk)
            self.kept += len(chunk)
        except OSError:
            self.file.close()
            self.file = _UnreadableBody()

    def unpack(self, body: IO[bytes], codings: list[str]) -> None:
        """Write what the body is without these codings. Beyond the limit, only the length tells of more."""
        try:
            for chunk in decode_chunks(iter(lambda: body.read(_CHUNK), b""), codings, self._limit):
                self.write(chunk)
        except OSError:
            self.file.close()
            self.file = _UnreadableBody()

    def attach(self, environ: WSGIEnvironment, *, is_unpacked: bool = False) -> IO[bytes]:
        """Make it the body of this request. Django takes a body without a Content-Length for empty."""
        if is_unpacked:
            del environ["HTTP_CONTENT_ENCODING"]
        if is_unpacked or is_chunked(environ):
            environ["CONTENT_LENGTH"] = str(self.length)
        self.file.seek(0)
        environ["wsgi.input"] = self.file
        return self.file


class BodyReader:
    """Reads bodies on one event loop; `memory`, `disk`: bytes that all of them may take."""

    def __init__(self, pool: ThreadPool, memory: int = _MEMORY, disk: int = _DISK) -> None:
        self._pool, self._memory, self._disk = pool, memory, disk

    @asynccontextmanager
    async def read(
        self, proto: HTTPProtocol, environ: WSGIEnvironment, limit: int
    ) -> AsyncIterator[IO[bytes]]:
        """The body as wsgi.input of `environ`, until the end of the block; `limit`: bytes of it that are kept.

        Raises TimeoutError where the client sends too slowly, Overloaded where there is no room.
        """
        if not has_body(environ):
            yield environ["wsgi.input"]
            return
        async with self._received(proto, environ, limit) as body:
            codings = content_codings(environ)
            if not codings or is_unknown(codings):
                yield body
                return
            async with self._unpacked(body, codings, _Spool(limit)) as spool:
                yield spool.attach(environ, is_unpacked=True)

    @asynccontextmanager
    async def _received(
        self, proto: HTTPProtocol, environ: WSGIEnvironment, limit: int
    ) -> AsyncIterator[IO[bytes]]:
        """The body as it was sent."""
        wanted = min(_IN_MEMORY, int(environ.get("CONTENT_LENGTH") or 0) or _IN_MEMORY)
        in_memory = wanted if self._memory >= wanted else 0
        self._memory -= in_memory
        try:
            if 0 < int(environ.get("CONTENT_LENGTH") or 0) <= min(limit, in_memory):
                async with asyncio.timeout(IDLE_TIMEOUT):
                    environ["wsgi.input"] = BytesIO(await proto())
                yield environ["wsgi.input"]
            else:
                async with self._spooled(proto, _Spool(limit, in_memory)) as spool:
                    yield spool.attach(environ)
        finally:
            self._memory += in_memory

    @asynccontextmanager
    async def _spooled(self, proto: HTTPProtocol, spool: _Spool) -> AsyncIterator[_Spool]:
        try:
            await self._fill(spool, proto)
            yield spool
        finally:
            self._disk += spool.kept
            spool.file.close()

    @asynccontextmanager
    async def _unpacked(self, body: IO[bytes], codings: list[str], spool: _Spool) -> AsyncIterator[_Spool]:
        counted = 0
        try:
            await self._pool.run(spool.unpack, body, codings)
            counted = spool.kept
            self._disk -= counted
            if self._disk < 0:
                raise Overloaded
            yield spool
        finally:
            self._disk += counted
            spool.file.close()

    async def _fill(self, spool: _Spool, proto: HTTPProtocol) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(IDLE_TIMEOUT) as deadline:
            counted = 0
            async for chunk in proto:
                kept = spool.kept
                if kept + len(chunk) <= _IN_MEMORY:
                    spool.write(chunk)
                else:  # a disk may keep the writer waiting
                    await self._pool.run(spool.write, chunk)
                self._disk -= spool.kept - kept
                if self._disk < 0:
                    raise Overloaded
                if spool.length - counted >= _PROGRESS:
                    counted = spool.length
                    deadline.reschedule(loop.time() + IDLE_TIMEOUT)
                if spool.is_too_long:
                    return


def spool_body(environ: WSGIEnvironment, limit: int) -> IO[bytes]:
    """As BodyReader, for a WSGI server: reads wsgi.input to its end, on this thread, and replaces it."""
    spool = _Spool(limit)
    if has_body(environ):
        body: IO[bytes] = environ["wsgi.input"]
        try:
            while not spool.is_too_long and (chunk := body.read(_CHUNK)):
                spool.write(chunk)
        except OSError:  # the client has gone
            pass
    codings = content_codings(environ)
    packed = spool.attach(environ)
    if not codings or is_unknown(codings):
        return packed
    with packed:
        plain = _Spool(limit)
        plain.unpack(packed, codings)
    return plain.attach(environ, is_unpacked=True)
