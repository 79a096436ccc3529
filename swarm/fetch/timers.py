"""Actions that are due at a later time, for a thread that runs them itself."""

import heapq
import itertools
import time
from collections.abc import Callable, Iterator

Action = Callable[[], object]

Schedule = Callable[[float, Action], None]
"""Runs the action after so many seconds, in the thread of the search engine."""


class Timers:
    """Not thread-safe."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Action]] = []
        self._numbers = itertools.count()  # two actions of the same instant run in the order of scheduling

    def schedule(self, seconds: float, action: Action) -> None:
        heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._numbers), action))

    def seconds_until_next(self) -> float:
        """0 if an action is due. Raises IndexError if none is scheduled."""
        return max(self._heap[0][0] - time.monotonic(), 0)

    def pop_due(self) -> Iterator[Action]:
        """The actions that are due when the first of them is taken."""
        now = time.monotonic()
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[2]
