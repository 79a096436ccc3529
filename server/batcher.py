"""Group commit: items that arrive while a batch is worked on make up the next batch.

Where the price is one of the batch and not of its items, as a transaction's way to the disk is, eight items that
arrive together pay it once or twice and not eight times, on one thread.

1. `add` appends an item to the queue and waits for its result.
2. The first item starts the task of `_work_through_queue`, which ends when the queue is empty.
3. The task takes up to 16 items, hands them to `work` on a thread, and gives each item its result.
4. Clients that have just been answered often send the next item at once. So the task waits up to 4 ms for as many
   items as the last batch left behind (as PostgreSQL's commit_delay does); after a batch of one it does not wait.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_BATCH = 16  # items: they are in memory together, and 10 MB of torrent may arrive packed in 40 KB
_COMMIT_DELAY = 0.004  # seconds


class Batcher(Generic[Item, Result]):
    """Called on one event loop.

    `work` gets the items of a batch, on a thread of `executor`, and returns a result for each, in their order.
    """

    def __init__(
        self,
        executor: Executor,
        work: Callable[[Sequence[Item]], Sequence[Result]],
        batch_size: int = _BATCH,
    ) -> None:
        self._executor, self._work, self._batch_size = executor, work, batch_size
        self._queue: list[tuple[Item, asyncio.Future[Result]]] = []
        self._expected = 1  # items that the next batch waits for
        self._arrived = asyncio.Event()  # as many items as expected
        self._task: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> Result:
        """The result of this item. Raises what `work` raised for its batch."""
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append((item, result))
        if len(self._queue) >= self._expected:
            self._arrived.set()
        if self._task is None:
            self._task = asyncio.create_task(self._work_through_queue())
        return await result

    async def _work_through_queue(self) -> None:
        while self._queue:
            if len(self._queue) < self._expected:
                self._arrived.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._arrived.wait(), _COMMIT_DELAY)
            batch, self._queue = self._queue[: self._batch_size], self._queue[self._batch_size :]
            await self._work_on(batch)
            self._expected = min(len(batch) + len(self._queue), self._batch_size)
            await asyncio.sleep(0)  # callers that have just been answered may add the next item
        self._task = None

    async def _work_on(self, batch: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        items = [item for item, _ in batch]
        try:
            results = await asyncio.get_running_loop().run_in_executor(self._executor, self._work, items)
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():  # its request may have ended meanwhile
                    future.set_result(result)
        except Exception as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
