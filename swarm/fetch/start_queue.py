"""Who stands in line for a search to begin: a few begin at a time, so that what was asked for first is found first.

libtorrent works at all that it has by turns. A hundred searches that begin at once are all found as late as the last
of them; if a few begin at a time the last is found no later, and most are found much sooner.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from swarm.fetch.metadata import Schedule

_YOUNG = 16
_GROWN = 0.05  # seconds; what is not found by then waits for the network, and is in nobody's way

Who = TypeVar("Who")
What = TypeVar("What")


class StartQueue(Generic[Who, What]):
    def __init__(self, begin: Callable[[Who], What | None], later: Schedule) -> None:
        """`begin` gives back what has begun; None where nothing had to."""
        self._begin, self._later = begin, later
        self._standing: deque[Who] = deque()
        self._young: set[What] = set()

    def join(self, who: Who) -> None:
        self._standing.append(who)
        self._advance()

    def leave(self, who: Who) -> bool:
        """Whether they still stood there."""
        if who not in self._standing:
            return False
        self._standing.remove(who)
        return True

    def dissolve(self) -> list[Who]:
        """Those who still stood there."""
        rest = list(self._standing)
        self._standing.clear()
        return rest

    def over(self, what: What) -> None:
        """It has ended, or is grown. The next begins when the clock is asked again, not in the midst of this."""
        self._young.discard(what)
        self._later(0, self._advance)

    def _advance(self) -> None:
        while self._standing and len(self._young) < _YOUNG:
            if what := self._begin(self._standing.popleft()):
                self._young.add(what)
                self._later(_GROWN, partial(self.over, what))
