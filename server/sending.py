"""Sends responses through granian. Files leave without this process reading them, streams as the client reads."""

import asyncio
from collections.abc import Iterator

from server.acknowledged_bytes import Connection
from server.django_bridge import Stream
from server.response_values import FileRange
from server.rsgi_types import HTTPProtocol, Scope
from server.thread_pool import ThreadPool

_WINDOW = 1_000_000  # bytes of a stream that may be on their way: granian queues them without limit
_LONGEST_PAUSE = 5.0  # seconds between two looks at a client that reads slowly; a look takes 30 us
_OPENING = 1.0  # seconds that granian has to open a file before it may be closed here


async def send_file(scope: Scope, proto: HTTPProtocol, response: FileRange) -> None:
    """Returns when the client has all of it or is gone; then the file is closed."""
    status, headers, file, part, close = response
    try:
        if not part:
            proto.response_empty(status, headers)
            return
        connection = Connection(scope.server, scope.client)
        # By its descriptor: what was checked when it was opened is sent, whatever lies at its path by now.
        proto.response_file_range(status, headers, f"/proc/self/fd/{file.fileno()}", part.start, part.stop)
        await asyncio.sleep(_OPENING)
        await _until_acknowledged(connection, len(part))
    finally:
        close()


async def _until_acknowledged(connection: Connection, length: int) -> None:
    pause = 0.01
    while (count := connection.acknowledged()) is not None and count < length:
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


async def send_stream(scope: Scope, proto: HTTPProtocol, response: Stream, pool: ThreadPool) -> None:
    """Each chunk is made on a thread of the pool, when the client has read nearly all of those before it."""
    try:
        if scope.method == "HEAD":
            proto.response_empty(response.status, response.headers)
        else:
            await _send_chunks(scope, proto, response, pool)
    finally:
        await pool.run_unlimited(response.close)


async def _send_chunks(scope: Scope, proto: HTTPProtocol, response: Stream, pool: ThreadPool) -> None:
    """Where the kernel does not tell of connections, 6 MB a second are sent, whether they are read or not."""
    connection = Connection(scope.server, scope.client)
    is_known = connection.acknowledged() is not None
    transport = proto.response_stream(response.status, response.headers)
    sent = 0
    while chunk := await pool.run_unlimited(_next_chunk, response.chunks):
        try:
            await transport.send_bytes(chunk)
        except RuntimeError:  # RSGIProtocolClosed: the client is gone
            return
        sent += len(chunk)
        if not is_known:
            await asyncio.sleep(0.01)
            continue
        while (acknowledged := connection.acknowledged()) is None or sent - acknowledged > _WINDOW:
            if acknowledged is None:
                return
            await asyncio.sleep(0.01)


def _next_chunk(chunks: Iterator[bytes]) -> bytes:
    """Empty at the end."""
    return next(filter(None, chunks), b"")
