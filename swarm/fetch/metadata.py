"""One hash, pursued: asks the DHT again and again, and tries every peer that it or a tracker names.

Usually all peers are tried together, which is quickest. But then one liar can keep the others from being asked.
So when peers are there and the metadata does not come, or is wrong, each is tried alone, and then all again.
"""

from collections.abc import Callable, Iterable

from swarm.libtorrent_session import Address, LibtorrentSession

# A young DHT table finds nothing at first; the long gaps are for what nobody has just now.
_LOOKUP_GAPS = (0.25, 0.75, 1.0, 2.0, 4.0, 8.0, 16.0)
_MOST_PEERS = 500
# Transmission 3.00 takes up to 4.5 s to send its metadata, all others at most one.
_PATIENCE = 5.0
_PATIENCE_ALONE = 1.5
_PATIENCE_WITH_THE_ONLY_ONE = 8.0

Schedule = Callable[[float, Callable[[], object]], None]


class MetadataFetch:
    def __init__(self, network: LibtorrentSession, later: Schedule, infohash: bytes) -> None:
        self.infohash = infohash
        self._network, self._later = network, later
        self._target = infohash[:20]
        self._peers: set[Address] = set()
        self._liars: set[Address] = set()
        self._trackers: list[str] = []
        self._alone: Address | None = None  # None: all are tried together
        self._next: list[Address] = []
        self._tries = 0
        self._over = False
        self._look(0)

    def know(self, infohash: bytes) -> None:
        """What was known by 20 bytes is now known in full."""
        if len(infohash) > len(self.infohash):
            self.infohash = infohash
            self._try_all()

    def meet(self, peers: Iterable[Address]) -> None:
        new = [peer for peer in dict.fromkeys(peers) if peer not in self._peers]
        new = new[: _MOST_PEERS - len(self._peers)]
        first = not self._peers
        self._peers.update(new)
        if self._alone or not new:
            return
        if self._network.fetches(self._target):
            self._network.connect(self._target, new, at_once=first)
        else:
            self._try_all()

    def ask(self, trackers: Iterable[str]) -> None:
        new = [tracker for tracker in dict.fromkeys(trackers) if tracker not in self._trackers]
        self._trackers += new
        if self._alone or not new:
            return
        if self._network.fetches(self._target):
            self._network.ask(self._target, new)
        else:
            self._try_all()

    def doubt(self) -> None:
        """Somebody has sent wrong metadata: nobody knows who, unless one was tried alone."""
        if self._alone:
            self._liars.add(self._alone)
            self._try_next()
        else:
            self._try_each()

    def peers(self) -> set[Address]:
        """All that it knows. Waits for libtorrent's own thread, which may have much to do."""
        return (self._peers | self._network.connected(self._target)) - self._liars

    def end(self) -> None:
        self._over = True
        self._network.drop(self._target)

    def _try_all(self) -> None:
        self._alone = None
        if self._peers or self._trackers:
            self._network.fetch(self.infohash, self._peers - self._liars, self._trackers)
            self._unless_done(_PATIENCE, self._try_each)

    def _try_each(self) -> None:
        if there := self._network.connected(self._target) - self._liars:
            self._peers |= there
            self._next = list(there)
            self._try_next(_PATIENCE_ALONE if len(there) > 1 else _PATIENCE_WITH_THE_ONLY_ONE)
        else:
            self._unless_done(_PATIENCE, self._try_each)

    def _try_next(self, patience: float = _PATIENCE_ALONE) -> None:
        if self._next:
            self._alone = self._next.pop()
            self._network.fetch(self.infohash, (self._alone,), ())
            self._unless_done(patience, self._try_next)
        else:
            self._try_all()

    def _unless_done(self, seconds: float, act: Callable[[], None]) -> None:
        self._tries += 1
        tries = self._tries
        self._later(seconds, lambda: None if self._over or tries != self._tries else act())

    def _look(self, times: int) -> None:
        if not self._over:
            self._network.lookup(self._target)
            gap = _LOOKUP_GAPS[min(times, len(_LOOKUP_GAPS) - 1)]
            self._later(gap, lambda: self._look(times + 1))
