"""Group commit: one thread handles items in batches, where a transaction costs as much for many items as for one.

    threads of requests          thread of the batcher
    -------------------          ---------------------
    submit(item) ──► pending ──► 1. take up to `max_items` of the pending items
    (returns at once)            2. results = work(items)              one transaction
                                 3. deliver(item, result) for each     wakes the thread of the request
                                 4. back to 1; what came meanwhile is the next batch

Of eight items that arrive together one is handled first, and the other seven are the next batch: two commits and not
eight. Clients that were just served tend to come back, so step 1 waits up to `max_wait` seconds for as many items as
there were last time, as PostgreSQL's `commit_delay` does. A client that comes alone waits for no other.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from django.db import close_old_connections, connections

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Thread-safe. The thread starts with the first item, and ends where none came for `idle_timeout` seconds.

    `work` returns one result for each item, in their order; `deliver` gets them one by one. Neither may raise.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Sequence[Result]],
        deliver: Callable[[Item, Result], object],
        max_wait: float = 0.004,
        *,
        max_items: int = 16,  # in memory at once: 10 MB of torrent may come packed in 40 KB
        idle_timeout: float | None = None,
    ) -> None:
        self._work, self._deliver = work, deliver
        self._max_wait, self._max_items, self._idle_timeout = max_wait, max_items, idle_timeout
        self._pending: list[Item] = []
        self._expected = 1  # items of the next batch, as many as there were at the end of the last
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._is_running = False

    def submit(self, item: Item) -> None:
        """Put the item into the next batch that has room for it; returns at once."""
        with self._lock:
            self._pending.append(item)
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, name="batcher", daemon=True).start()
            elif len(self._pending) in (1, self._expected):
                self._arrived.notify()

    def _run(self) -> None:
        while self._handle_batch():
            close_old_connections()
        connections.close_all()

    def _handle_batch(self) -> bool:
        """False where no item came in time. When this returns, no item and no result is kept in memory."""
        if not (batch := self._next_batch()):
            return False
        results = self._work(batch)
        with self._lock:
            self._expected = min(len(batch) + len(self._pending), self._max_items)
        for item, result in zip(batch, results, strict=True):
            self._deliver(item, result)
        return True

    def _next_batch(self) -> list[Item]:
        with self._lock:
            if not self._arrived.wait_for(lambda: self._pending, self._idle_timeout):
                self._is_running = False
                return []
            self._arrived.wait_for(lambda: len(self._pending) >= self._expected, self._max_wait)
            batch, self._pending = self._pending[: self._max_items], self._pending[self._max_items :]
            return batch
