"""Requests that wait until their wish is settled: each is woken once, and at most so many wait at a time.

    request (`wait`: a thread)    thread "batcher"                 thread "settlements" (`settlements`)
    --------------------------    ----------------                 ------------------------------------
    1. add: a Waiter ───────────► 2. enqueue_each, a batch at a
    3. sleep                         time: outcome is a status     4. a wish was fulfilled or missed: outcome, by
    5. woken, or time is up:         (keep waiting) or a refusal      notification or by a look at the table
       stop_waiting                  (wake)                           once a second (wake)
    6. remove

The waiter is there before its wish is enqueued, so it cannot miss what becomes of it. Of a wish that is not written
yet (step 2) the table tells nothing, so only waiters with a first status are looked up. Both threads end when
no request has come for some seconds.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.db import close_old_connections

from archive.address_block import address_block
from archive.db.batcher import Batcher
from archive.db.slots import aside
from archive.errors import TooManyWishes, Unavailable
from archive.queue.enqueue import enqueue_each
from archive.queue.settlements import LINGER, SettlementListener
from archive.queue.wish_request import WishRequest, wish_key
from archive.queue.wish_status import WishStatus, wish_statuses
from metainfo.errors import Refusal

_MAX_WISHES_PER_BATCH = 64
_RETRY_AFTER = 10  # seconds


@dataclass(eq=False, slots=True)
class Waiter:
    """A request, and what it waits for: `is_waiting` for the end of the search, else for the first status only."""

    request: WishRequest
    wake: Callable[[], object]  # called once, on any thread
    block: bytes  # of the address that it comes from
    is_waiting: bool
    outcome: WishStatus | Refusal | None = None
    is_settled: bool = False

    @property
    def wish_key(self) -> bytes:
        return wish_key(self.request.magnet)

    def set_outcome(self, outcome: WishStatus | Refusal) -> None:
        """The first outcome that settles the wish is the last; a search that goes on settles nothing."""
        if not self.is_settled:
            self.outcome = outcome
            self.is_settled = isinstance(outcome, Refusal) or not (self.is_waiting and outcome.searching)
            if self.is_settled:
                self.wake()


class Waiters:
    """The waiters of this process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_wish: dict[bytes, set[Waiter]] = {}
        self._per_block: Counter[bytes] = Counter()
        self._listener = SettlementListener(self._on_settled)
        self._batcher = Batcher[Waiter, WishStatus | Refusal](
            lambda batch: enqueue_each([waiter.request for waiter in batch]),
            self._set_outcome,
            max_wait=0,
            max_items=_MAX_WISHES_PER_BATCH,
            idle_timeout=LINGER,
        )

    def wait(self, request: WishRequest, seconds: float) -> WishStatus:
        """Enqueue the wish, and return its status when it is settled or after so many seconds.

        A request that is not awaited, or comes when too many wait already, gets the first status and does not wait.
        Raises TooManyWishes, Unavailable.
        """
        woken = threading.Event()
        waiter = self.add(request, woken.set)
        try:
            with aside():
                woken.wait(seconds if waiter.is_waiting else None)
                if not self.stop_waiting(waiter):
                    woken.wait()  # the database is slow, and the wish is not enqueued yet
        finally:
            self.remove(waiter)
        if isinstance(waiter.outcome, Refusal):
            raise waiter.outcome
        return cast(WishStatus, waiter.outcome)

    def add(self, request: WishRequest, wake: Callable[[], object]) -> Waiter:
        """A waiter whose wish is about to be enqueued; `wake` is called when it is settled.

        May block for as long as a connection to the database takes. Raises TooManyWishes, Unavailable.
        """
        block = address_block(request.address)
        if request.awaited:
            self._listener.start()
        with self._lock:
            waiter = Waiter(request, wake, block, request.awaited and self._has_room(block))
            if waiter.is_waiting:
                self._by_wish.setdefault(waiter.wish_key, set()).add(waiter)
                self._per_block[waiter.block] += 1
        self._batcher.submit(waiter)
        return waiter

    def stop_waiting(self, waiter: Waiter) -> bool:
        """From now on any status settles it. Returns whether it has one; if not, it is woken by the first."""
        with self._lock:
            waiter.is_waiting = False
            return waiter.outcome is not None

    def remove(self, waiter: Waiter) -> None:
        """To be called once for each waiter, whatever came of it."""
        with self._lock:
            same_wish = self._by_wish.get(waiter.wish_key, set())
            if waiter not in same_wish:
                return
            same_wish.remove(waiter)
            if not same_wish:
                del self._by_wish[waiter.wish_key]
            self._per_block[waiter.block] -= 1
            if not self._per_block[waiter.block]:
                del self._per_block[waiter.block]

    def _has_room(self, block: bytes) -> bool:
        """Whether one more may wait. An address block may have a third of the places; raises TooManyWishes."""
        if block and self._per_block[block] >= settings.THREADS // 4:
            raise TooManyWishes(
                "Your address waits for very many torrents already; please go on when some of them have come.",
                _RETRY_AFTER,
            )
        return self._per_block.total() < settings.THREADS * 3 // 4

    def _on_settled(self, settled: Mapping[bytes, str], *, recheck: bool) -> bool:
        with self._lock:
            concerned = self._find_waiters(self._by_wish if recheck else settled)
        look_up: list[Waiter] = []
        for waiter in concerned:
            if infohash := settled.get(waiter.wish_key):
                self._set_outcome(waiter, WishStatus(infohash, "held"))
            elif waiter.outcome:
                look_up.append(waiter)
        if look_up:
            with suppress(Unavailable):
                statuses = wish_statuses([waiter.request.magnet for waiter in look_up])
                for waiter, status in zip(look_up, statuses, strict=True):
                    self._set_outcome(waiter, status)
            close_old_connections()
        with self._lock:
            return bool(self._by_wish)

    def _find_waiters(self, wish_keys: Iterable[bytes]) -> list[Waiter]:
        return [waiter for key in wish_keys for waiter in self._by_wish.get(key, ())]

    def _set_outcome(self, waiter: Waiter, outcome: WishStatus | Refusal) -> None:
        with self._lock:
            waiter.set_outcome(outcome)


waiters = Waiters()
