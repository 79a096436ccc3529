"""Requests that wait until their wish is fulfilled or missed: on an event loop, without a thread for each.

1. `wait` registers a waiter under the key of its wish. Only then it adds the request to the next batch that is
   enqueued, so it cannot miss what becomes of the wish.
2. The event loop watches a listener, which receives the notifications of deposits ("fulfilled, held under this
   infohash") and of resolvers ("missed"; why, and until when, is in the table).
3. Since a notification may get lost, the table is asked for the wishes of all waiters every second, less often where
   there are very many.
4. A waiter whose time is over gets the last status that is known.

The database is used on one thread.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings
from django.db import close_old_connections, connections

from archive.address_block import address_block
from archive.db.notify import Listener
from archive.errors import TooManyWishes, Unavailable
from archive.queue.enqueue import enqueue_each
from archive.queue.settlement_notifications import listen_for_settlements, receive_settlements
from archive.queue.wish_request import WishRequest, wish_key
from archive.queue.wish_status import WishStatus, wish_statuses
from metainfo.errors import Refusal
from metainfo.magnet import Magnet
from server.batcher import Batcher

_BATCH = 64  # requests that are enqueued in one transaction
_POLL = 1.0  # seconds between two questions to the table
_POLLED_A_SECOND = 500  # waiters
_LINGER = 5.0  # seconds that the listener stays after the last waiter
_ADDRESS_IS_FULL = (
    "Your address waits for very many torrents already; please go on when some of them have come."
)
_RETRY_AFTER = 10  # seconds

_log = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(eq=False, slots=True)
class _Waiter:
    """`status` is the last that is known; `settled` gets the one that ends the wait."""

    request: WishRequest
    settled: "asyncio.Future[WishStatus]"
    status: WishStatus | None = None

    def note(self, status: WishStatus) -> None:
        self.status = status
        if not (status.searching or self.settled.done()):
            self.settled.set_result(status)


class Waiters:
    """The waiting requests of one process. Belongs to one event loop."""

    def __init__(self) -> None:
        self._by_wish: dict[bytes, set[_Waiter]] = {}
        self._by_address: Counter[bytes] = Counter()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="waiters")
        self._enqueueing: Batcher[WishRequest, WishStatus | Refusal] = Batcher(self._thread, _enqueue, _BATCH)
        self._starting: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None

    async def wait(self, request: WishRequest, seconds: float) -> WishStatus:
        """Enqueue the wish, and wait so long until it is settled. A request that is not `awaited` does not wait.

        Raises TooManyWishes, Unavailable.
        """
        if not (request.awaited and self._may_wait(address_block(request.address))):
            return await self._enqueue(request)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        waiter = _Waiter(request, loop.create_future())
        self._add(waiter)
        try:
            await self._start_listening()
            status = await self._enqueue(request)
            waiter.note(status)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(deadline):
                    return await waiter.settled
            return waiter.status or status
        finally:
            self._remove(waiter)

    async def close(self) -> None:
        """Stop listening, and close the connections to the database. They are opened again when they are needed."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening})
        await self._in_thread(connections.close_all)

    def _may_wait(self, block: bytes) -> bool:
        """A quarter of all places is for one address. Where none is left a wish is enqueued, and nothing waits."""
        if block and self._by_address[block] >= max(settings.WAITING_MAX // 4, 1):
            raise TooManyWishes(_ADDRESS_IS_FULL, _RETRY_AFTER)
        return self._by_address.total() < settings.WAITING_MAX

    def _add(self, waiter: _Waiter) -> None:
        self._by_wish.setdefault(wish_key(waiter.request.magnet), set()).add(waiter)
        self._by_address[address_block(waiter.request.address)] += 1

    def _remove(self, waiter: _Waiter) -> None:
        key, block = wish_key(waiter.request.magnet), address_block(waiter.request.address)
        self._by_wish[key].discard(waiter)
        if not self._by_wish[key]:
            del self._by_wish[key]
        self._by_address[block] -= 1
        if not self._by_address[block]:
            del self._by_address[block]

    async def _enqueue(self, request: WishRequest) -> WishStatus:
        status = await self._enqueueing.add(request)
        if isinstance(status, Refusal):
            raise status
        return status

    async def _start_listening(self) -> None:
        """One task for all waiters, which goes on when a client hangs up: else its listener would stay open."""
        if self._listening is None:
            self._starting = self._starting or asyncio.create_task(self._listen())
            await asyncio.shield(self._starting)

    async def _listen(self) -> None:
        try:
            listener = await self._in_thread(listen_for_settlements)
            self._listening = asyncio.create_task(self._keep_listening(listener))
        finally:
            self._starting = None

    async def _keep_listening(self, listener: Listener) -> None:
        """Until nothing has waited for a while."""
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        watched = listener.fileno()

        def on_readable() -> None:
            """Once for each receive: until then the loop would call this again and again."""
            loop.remove_reader(watched)
            readable.set()

        _watch_instead(-1, watched, on_readable)
        idle_since = polled = loop.time()
        try:
            while self._by_wish or loop.time() - idle_since < _LINGER:
                with suppress(TimeoutError):
                    await asyncio.wait_for(readable.wait(), _POLL)
                readable.clear()
                if listener.fileno() < 0:  # it has to connect first
                    settled = await self._in_thread(receive_settlements, listener)
                else:  # this does not block, and is sooner done than handed to a thread
                    settled = receive_settlements(listener)
                watched = _watch_instead(watched, listener.fileno(), on_readable)
                await self._settle_notified(settled)
                if loop.time() - polled > max(_POLL, len(self._by_wish) / _POLLED_A_SECOND):
                    await self._ask_table(list(self._by_wish))
                    polled = loop.time()
                idle_since = loop.time() if self._by_wish else idle_since
        except Exception:
            _log.exception("Waiting requests hear of nothing until the next one comes")
        finally:
            self._listening = None
            _watch_instead(watched, -1, on_readable)
            listener.close()

    async def _settle_notified(self, settled: Mapping[bytes, str]) -> None:
        for wish, infohash in settled.items():
            for waiter in self._by_wish.get(wish, ()) if infohash else ():
                waiter.note(WishStatus(infohash, "held"))
        await self._ask_table([wish for wish, infohash in settled.items() if not infohash])

    async def _ask_table(self, keys: Collection[bytes]) -> None:
        """Note the status of these wishes. What is not enqueued yet is in no table."""
        waiters = [one for key in keys for one in self._by_wish.get(key, ()) if one.status]
        if waiters:
            with suppress(Unavailable):
                magnets = [waiter.request.magnet for waiter in waiters]
                for waiter, status in zip(waiters, await self._in_thread(_statuses, magnets), strict=True):
                    waiter.note(status)

    async def _in_thread(self, work: Callable[..., Result], *args: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)


def _watch_instead(old: int, new: int, on_readable: Callable[[], None]) -> int:
    """Have the event loop watch the new descriptor in place of the old one; -1 is none. Returns the new one."""
    loop = asyncio.get_running_loop()
    if old >= 0:
        loop.remove_reader(old)
    if new >= 0:
        loop.add_reader(new, on_readable)
    return new


def _statuses(magnets: Sequence[Magnet]) -> list[WishStatus]:
    close_old_connections()
    return wish_statuses(magnets)


def _enqueue(requests: Sequence[WishRequest]) -> list[WishStatus | Refusal]:
    close_old_connections()
    return enqueue_each(requests)


waiters = Waiters()
