"""Trackers over UDP (BEP 15; BEP 7 says how IPv6 differs): announce and scrape, many at once over two sockets."""

import asyncio
import secrets
import socket
import struct
import time
from collections.abc import Sequence
from typing import NamedTuple, cast

Endpoint = tuple[str, int]

_MAGIC = 0x41727101980  # BEP 15's protocol id
_CONNECT, _ANNOUNCE, _SCRAPE, _ERROR = range(4)
_FRESH = 55.0  # seconds: BEP 15 lets a connection id live for a minute
_CONNECTIONS = 10_000  # remembered
_TRIES = (1.5, 3.0)  # seconds of patience for each; BEP 15's 15, 30, … are for clients that have all day
AT_ONCE = 74  # infohashes of one scrape (BEP 15)


class TrackerError(Exception):
    """The tracker does not answer, refuses, or speaks nonsense; the text says which, and names no peer."""


class TrackerSilent(TrackerError):
    """Not even the first question is answered."""


class ScrapeCounts(NamedTuple):
    """What a scrape tells of one torrent."""

    seeders: int
    completed: int
    leechers: int


class UdpTrackerClient:
    """To be made inside a running event loop."""

    def __init__(self, port: int) -> None:
        """`port`: what trackers are told that we listen on."""
        self._port = port
        self._peer_id, self._key = b"-HK0001-" + secrets.token_bytes(12), secrets.randbits(32)
        self._lines: dict[socket.AddressFamily, _Line] = {}
        self._connections: dict[Endpoint, tuple[int, float]] = {}

    async def announce(self, family: socket.AddressFamily, at: Endpoint, target: bytes, event: int) -> bytes:
        """The compact peers of the answer, 6 bytes each or 18 over IPv6. `event` is BEP 15's number."""
        body = struct.pack(
            "!20s20sQQQIIIiH", target, self._peer_id, 0, 1, 0, event, 0, self._key, 200, self._port
        )
        answer = await self._ask(family, at, _ANNOUNCE, body)
        return answer[12:]  # behind interval, leechers and seeders

    async def scrape(
        self, family: socket.AddressFamily, at: Endpoint, targets: Sequence[bytes]
    ) -> list[ScrapeCounts]:
        """One for each target, of which there are AT_ONCE at most."""
        answer = await self._ask(family, at, _SCRAPE, b"".join(targets))
        if len(answer) < 12 * len(targets):
            raise TrackerError("its scrape is too short")
        return [ScrapeCounts(*struct.unpack_from("!III", answer, 12 * n)) for n in range(len(targets))]

    def close(self) -> None:
        for line in self._lines.values():
            line.close()

    async def _ask(self, family: socket.AddressFamily, at: Endpoint, action: int, body: bytes) -> bytes:
        line = await self._line(family)
        number, until = self._connections.get(at, (0, 0.0))
        if until < time.monotonic():
            answer = await line.ask(at, _MAGIC, _CONNECT, b"")
            if len(answer) < 8:
                raise TrackerError("its connection id is too short")
            [number] = struct.unpack_from("!Q", answer)
            self._connections.pop(at, None)
            self._connections[at] = (number, time.monotonic() + _FRESH)
            if len(self._connections) > _CONNECTIONS:
                del self._connections[next(iter(self._connections))]
        try:
            return await line.ask(at, number, action, body)
        except TrackerError:
            self._connections.pop(at, None)  # it may have forgotten us
            raise

    async def _line(self, family: socket.AddressFamily) -> "_Line":
        if family not in self._lines:
            loop = asyncio.get_running_loop()
            _, self._lines[family] = await loop.create_datagram_endpoint(_Line, family=family)
        return self._lines[family]


class _Line(asyncio.DatagramProtocol):
    """Questions and answers over one socket, told apart by transaction and by who answers."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, str, int], asyncio.Future[tuple[int, bytes]]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) < 8:
            return
        action, transaction = struct.unpack_from("!II", data)
        future = self._waiting.get((transaction, *addr[:2]))
        if future and not future.done():
            future.set_result((action, data[8:]))

    async def ask(self, at: Endpoint, connection: int, action: int, body: bytes) -> bytes:
        transaction = secrets.randbits(32)
        future = asyncio.get_running_loop().create_future()
        self._waiting[transaction, *at] = future
        try:
            for patience in _TRIES:
                self._transport.sendto(struct.pack("!QII", connection, action, transaction) + body, at)
                done, _ = await asyncio.wait([future], timeout=patience)
                if done:
                    return _checked(action, *future.result())
        finally:
            del self._waiting[transaction, *at]
        raise (TrackerSilent if action == _CONNECT else TrackerError)("it does not answer")

    def close(self) -> None:
        self._transport.close()


def _checked(asked: int, action: int, body: bytes) -> bytes:
    if action == _ERROR:
        raise TrackerError(f"it refuses: {body[:100].decode('utf-8', 'replace')!r}")
    if action != asked:
        raise TrackerError("it answers another question")
    return body
