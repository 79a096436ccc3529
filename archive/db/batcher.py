"""Work that costs less done together: what is brought while a batch is at work makes up the next one.

Where the price is one of the batch and not of its items, as a transaction's way to the disk is, eight who come at
once pay it once or twice and not eight times, and one thread does it all. Since those who have just been served tend
to come back, it waits a moment for as many as there were (as PostgreSQL's commit_delay).
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST = 16  # items of a batch: they are in memory at once, and 10 MB of torrent come packed in 40 KB


class Batcher(Generic[Item, Result]):
    """A thread, from the first item on. `work` returns a result for each item, which `tell` then is told, one by one.

    Both see to their own errors.

    `moment`: seconds that it waits at most for more; for whoever comes alone it waits for nobody.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Sequence[Result]],
        tell: Callable[[Item, Result], object],
        moment: float = 0.004,
    ) -> None:
        self._work, self._tell, self._moment = work, tell, moment
        self._waiting: list[Item] = []
        self._expected = 1  # as many as were here at once of late
        self._lock = threading.Lock()
        self._called = threading.Condition(self._lock)
        self._begun = False

    def submit(self, item: Item) -> None:
        """Returns at once."""
        with self._lock:
            self._waiting.append(item)
            if len(self._waiting) in (1, self._expected):
                self._called.notify()
            if not self._begun:
                self._begun = True
                threading.Thread(target=self._serve, name="clerk", daemon=True).start()

    def _serve(self) -> None:
        while True:
            batch = self._batch()
            results = self._work(batch)
            with self._lock:
                self._expected = min(len(batch) + len(self._waiting), _MOST)
            for item, result in zip(batch, results, strict=True):
                self._tell(item, result)
            del batch, results, item, result  # not to be kept while we wait for more

    def _batch(self) -> list[Item]:
        with self._lock:
            self._called.wait_for(lambda: self._waiting)
            self._called.wait_for(lambda: len(self._waiting) >= self._expected, self._moment)
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            return batch
