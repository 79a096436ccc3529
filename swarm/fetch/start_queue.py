"""A queue of searches that have not started: a few start at a time, so that the oldest request is found first.

    put ----> queued items ----> start(item) ----> young, at most 16 ----> no longer counted
                     a place is free                   |  50 ms later, or
                                                       |  release: the search has ended

libtorrent works on everything it has in turns. Of a hundred searches that start at once, each is found as late as the
last; if a few start at a time the last is found no later, and most are found much sooner. What is not found within
50 ms waits for the network, and delays no other search.
"""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Generic, TypeVar

from swarm.fetch.timers import Schedule

_MAX_YOUNG = 16
_YOUNG_SECONDS = 0.05

Item = TypeVar("Item")
Started = TypeVar("Started")


class StartQueue(Generic[Item, Started]):
    """Not thread-safe."""

    def __init__(self, start: Callable[[Item], Started | None], schedule: Schedule) -> None:
        """`start` returns what it has started, or None where the item needs no search of its own."""
        self._start, self._schedule = start, schedule
        self._items: deque[Item] = deque()
        self._young: set[Started] = set()

    def __iter__(self) -> Iterator[Item]:
        """The items that have not started, oldest first."""
        return iter(self._items)

    def put(self, item: Item) -> None:
        self._items.append(item)
        self._start_next()

    def remove(self, item: Item) -> bool:
        """Whether the item was still queued."""
        if item not in self._items:
            return False
        self._items.remove(item)
        return True

    def drain(self) -> list[Item]:
        """Remove and return all items that have not started."""
        items = list(self._items)
        self._items.clear()
        return items

    def release(self, started: Started) -> None:
        """Give its place to the next item, in a later step: the caller may be in the middle of ending a search."""
        self._young.discard(started)
        self._schedule(0, self._start_next)

    def _start_next(self) -> None:
        while self._items and len(self._young) < _MAX_YOUNG:
            if started := self._start(self._items.popleft()):
                self._young.add(started)
                self._schedule(_YOUNG_SECONDS, partial(self.release, started))
