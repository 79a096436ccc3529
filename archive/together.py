"""Many threads with the same kind of work: those who come while a batch is at work make up the next one.

Where the price is one of the batch and not of its items, as a transaction's way to the disk is, eight who come at
once pay it twice and not eight times, and never quarrel for the lock.
"""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True, eq=False)
class _Errand(Generic[Item, Result]):
    item: Item
    tried: bool = False
    results: list[Result] = field(default_factory=list)  # one, when it is done


class Together(Generic[Item, Result]):
    """`work` gets the items of all who wait, in the thread of whoever has the turn; it returns a result for each."""

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        self._work = work
        self._waiting: deque[_Errand[Item, Result]] = deque()
        self._turn = Lock()

    def __call__(self, item: Item) -> Result:
        """Returns what `work` returns for this item, and raises what it raises."""
        errand: _Errand[Item, Result] = _Errand(item)
        self._waiting.append(errand)
        with self._turn:
            if not errand.tried:
                self._lead()
        # Where its batch failed, perhaps over the item of somebody else: alone, then.
        [result] = errand.results or self._work([item])
        return result

    def _lead(self) -> None:
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        for errand in batch:
            errand.tried = True
        with suppress(Exception):
            results = self._work([errand.item for errand in batch])
            for errand, result in zip(batch, results, strict=True):
                errand.results.append(result)
