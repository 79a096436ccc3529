"""Many threads with the same kind of work: those who come while a batch is at work make up the next one.

Where the price is one of the batch and not of its items, as a transaction's way to the disk is, eight who come at
once pay it once or twice and not eight times, and never quarrel for the lock. Since those who have just been served
tend to come back, whoever leads the next waits a moment for as many as there were (as PostgreSQL's commit_delay).
"""

from collections.abc import Callable, Sequence
from threading import Condition, Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Errand(Generic[Item, Result]):
    def __init__(self, item: Item) -> None:
        self.item = item
        self.tried = False
        self.results: list[Result] = []  # one, when it is done
        self.called = Lock()  # released when it is done, or when its thread is to lead
        self.called.acquire()


class Together(Generic[Item, Result]):
    """`work` gets the items of all who wait, in the thread of one of them; it returns a result for each.

    `moment`: seconds that he waits at most for more of them; whoever comes alone waits for nobody.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]], moment: float = 0.004) -> None:
        self._work, self._moment = work, moment
        self._lock = Lock()
        self._waiting: list[_Errand[Item, Result]] = []
        self._led = False
        self._expected = 1  # as many as were here at once of late
        self._enough = Condition(self._lock)

    def __call__(self, item: Item) -> Result:
        """Returns what `work` returns for this item, and raises what it raises."""
        errand: _Errand[Item, Result] = _Errand(item)
        with self._lock:
            self._waiting.append(errand)
            if len(self._waiting) >= self._expected:
                self._enough.notify()
            leads, self._led = not self._led, True
        if not leads:
            errand.called.acquire()
        if not errand.tried:
            self._lead()
        # Where its batch failed, perhaps over the item of somebody else: alone, then.
        [result] = errand.results or self._work([item])
        return result

    def _lead(self) -> None:
        with self._lock:
            self._enough.wait_for(lambda: len(self._waiting) >= self._expected, self._moment)
            batch, self._waiting = self._waiting, []
        try:
            results = self._work([errand.item for errand in batch])
            for errand, result in zip(batch, results, strict=True):
                errand.results.append(result)
        except Exception:
            if len(batch) == 1:  # the leader's own
                raise
        finally:
            self._end(batch)

    def _end(self, batch: list[_Errand[Item, Result]]) -> None:
        """The first of those who came meanwhile leads them; these go home."""
        with self._lock:
            self._expected = len(batch) + len(self._waiting)
            if self._waiting:
                self._waiting[0].called.release()
            else:
                self._led = False
        for errand in batch:
            errand.tried = True
            errand.called.release()
