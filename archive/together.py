"""Many threads with the same kind of work: those who come while a batch is at work make up the next one.

Where the price is one of the batch and not of its items, as a transaction's way to the disk is, eight who come at
once pay it twice and not eight times, and never quarrel for the lock.
"""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(slots=True, eq=False)
class _Errand(Generic[Item]):
    item: Item
    tried: bool = False
    done: bool = False


class Together(Generic[Item]):
    """`work` gets the items of all who wait, in the thread of whoever has the turn."""

    def __init__(self, work: Callable[[Sequence[Item]], None]) -> None:
        self._work = work
        self._waiting: deque[_Errand[Item]] = deque()
        self._turn = Lock()

    def __call__(self, item: Item) -> None:
        """Returns when this item's work is done, and raises what `work` raises."""
        errand = _Errand(item)
        self._waiting.append(errand)
        with self._turn:
            if not errand.tried:
                self._lead()
        if not errand.done:  # its batch failed, perhaps over the item of somebody else: alone, then
            self._work([item])

    def _lead(self) -> None:
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        for errand in batch:
            errand.tried = True
        with suppress(Exception):
            self._work([errand.item for errand in batch])
            for errand in batch:
                errand.done = True
