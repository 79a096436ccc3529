"""A request that has not been answered yet: its deadline, its callback, and the peers that were added to it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from swarm.outcome import SearchOutcome
from swarm.search_request import PeerAddress, SearchRequest

OnDone = Callable[[SearchOutcome], object]


@dataclass(eq=False, slots=True)
class PendingRequest:
    """Two equal requests are two pending ones: each is answered at its own time."""

    request: SearchRequest
    seconds: float
    """How long it waits at most."""
    on_done: OnDone
    """Called exactly once."""
    more_peers: list[PeerAddress] = field(default_factory=list)
    """Peers that became known while the request was queued."""
    began: float = field(default_factory=time.monotonic)

    @property
    def peers(self) -> tuple[PeerAddress, ...]:
        return (*self.request.peers, *self.more_peers)

    def elapsed_seconds(self) -> float:
        """Seconds since the request was made."""
        return time.monotonic() - self.began

    def remaining_seconds(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self.seconds - self.elapsed_seconds()
