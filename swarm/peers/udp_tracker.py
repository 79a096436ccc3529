"""Queries trackers over UDP (BEP 15; BEP 7 for IPv6), many at once over one socket an address family.

connect, scrape, announce `started`, announce `stopped`: 1.5 s and then 3 s for each answer.
"""

import asyncio
import secrets
import socket
import struct
import time
from contextlib import suppress
from typing import cast

from swarm.peers.tracker_report import (
    ANNOUNCED_PORT,
    ScrapeCounts,
    TrackerError,
    TrackerReport,
    TrackerSilent,
    unpack_compact_peers,
)

Endpoint = tuple[str, int]
"""IP address and port."""

_PROTOCOL_ID = 0x41727101980  # BEP 15
_CONNECT, _ANNOUNCE, _SCRAPE, _ERROR = range(4)
_STARTED, _STOPPED = 2, 3  # events
_MAX_PEERS = 200  # asked for
_CONNECTION_ID_SECONDS = 55.0  # BEP 15: a connection id is valid for a minute
_MAX_CONNECTION_IDS = 10_000  # remembered
# Seconds to wait for an answer before the packet is sent again, and before giving up. BEP 15's 15, 30, … are for
# clients that stay for hours.
_TIMEOUTS = (1.5, 3.0)


class UdpTrackerClient:
    """Create it inside a running event loop."""

    def __init__(self) -> None:
        self._peer_id, self._key = b"-HK0001-" + secrets.token_bytes(12), secrets.randbits(32)
        self._sockets: dict[socket.AddressFamily, _TrackerSocket] = {}
        self._connection_ids: dict[Endpoint, tuple[int, float]] = {}  # with the time at which each expires

    async def query(self, family: socket.AddressFamily, tracker: Endpoint, target: bytes) -> TrackerReport:
        """Scrape and announce; the announce is withdrawn at once. `target`: 20 bytes. Raises TrackerError."""
        report = TrackerReport()
        try:
            report.scrape = await self._send_scrape(family, tracker, target)
        except TrackerSilent:
            raise
        except TrackerError:
            pass  # not every tracker answers scrapes
        compact = await self._send_announce(family, tracker, target, _STARTED)
        report.addresses = set(unpack_compact_peers(compact, family))
        with suppress(TrackerError):
            await self._send_announce(family, tracker, target, _STOPPED)
        return report

    def close(self) -> None:
        for tracker_socket in self._sockets.values():
            tracker_socket.close()

    async def _send_announce(
        self, family: socket.AddressFamily, tracker: Endpoint, target: bytes, event: int
    ) -> bytes:
        """The compact peers of the answer."""
        downloaded, left, uploaded, own_address = 0, 1, 0, 0
        progress = struct.pack("!QQQII", downloaded, left, uploaded, event, own_address)
        client = struct.pack("!IiH", self._key, _MAX_PEERS, ANNOUNCED_PORT)
        answer = await self._send_request(
            family, tracker, _ANNOUNCE, target + self._peer_id + progress + client
        )
        return answer[12:]  # after interval, leechers and seeders

    async def _send_scrape(
        self, family: socket.AddressFamily, tracker: Endpoint, target: bytes
    ) -> ScrapeCounts:
        answer = await self._send_request(family, tracker, _SCRAPE, target)
        if len(answer) < 12:
            raise TrackerError("its scrape is too short")
        return ScrapeCounts(*struct.unpack_from("!III", answer))

    async def _send_request(
        self, family: socket.AddressFamily, tracker: Endpoint, action: int, body: bytes
    ) -> bytes:
        """The body of the answer, without action and transaction."""
        tracker_socket = await self._socket_for(family)
        connection_id = await self._connection_id(tracker_socket, tracker)
        try:
            return await tracker_socket.request(tracker, connection_id, action, body)
        except TrackerError:
            self._connection_ids.pop(tracker, None)  # the tracker may have forgotten it
            raise

    async def _connection_id(self, tracker_socket: "_TrackerSocket", tracker: Endpoint) -> int:
        connection_id, expires = self._connection_ids.get(tracker, (0, 0.0))
        if expires < time.monotonic():
            answer = await tracker_socket.request(tracker, _PROTOCOL_ID, _CONNECT, b"")
            if len(answer) < 8:
                raise TrackerError("its connection id is too short")
            [connection_id] = struct.unpack_from("!Q", answer)
            self._connection_ids.pop(tracker, None)  # so that it is the newest of all
            self._connection_ids[tracker] = (connection_id, time.monotonic() + _CONNECTION_ID_SECONDS)
            if len(self._connection_ids) > _MAX_CONNECTION_IDS:
                del self._connection_ids[next(iter(self._connection_ids))]
        return connection_id

    async def _socket_for(self, family: socket.AddressFamily) -> "_TrackerSocket":
        if family not in self._sockets:
            loop = asyncio.get_running_loop()
            _, self._sockets[family] = await loop.create_datagram_endpoint(_TrackerSocket, family=family)
        return self._sockets[family]


class _TrackerSocket(asyncio.DatagramProtocol):
    """One UDP socket. An answer belongs to the request of the same transaction, if it comes from that tracker."""

    def __init__(self) -> None:
        self._answers: dict[tuple[int, str, int], asyncio.Future[tuple[int, bytes]]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) < 8:
            return
        action, transaction = struct.unpack_from("!II", data)
        answer = self._answers.get((transaction, *addr[:2]))
        if answer and not answer.done():
            answer.set_result((action, data[8:]))

    async def request(self, tracker: Endpoint, connection_id: int, action: int, body: bytes) -> bytes:
        """Send the request, twice if need be. Raises TrackerError; TrackerSilent for a connect without answer."""
        transaction = secrets.randbits(32)
        answer = asyncio.get_running_loop().create_future()
        self._answers[transaction, *tracker] = answer
        try:
            for timeout in _TIMEOUTS:
                packet = struct.pack("!QII", connection_id, action, transaction) + body
                self._transport.sendto(packet, tracker)
                done, _ = await asyncio.wait([answer], timeout=timeout)
                if done:
                    return _check_answer(action, *answer.result())
        finally:
            del self._answers[transaction, *tracker]
        raise (TrackerSilent if action == _CONNECT else TrackerError)("it does not answer")

    def close(self) -> None:
        self._transport.close()


def _check_answer(requested_action: int, action: int, body: bytes) -> bytes:
    if action == _ERROR:
        raise TrackerError(f"it refuses: {body[:100].decode('utf-8', 'replace')!r}")
    if action != requested_action:
        raise TrackerError("it answers another question")
    return body
