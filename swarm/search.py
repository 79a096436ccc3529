"""The search for one torrent: asks the DHT again and again, and tries every peer that it or a tracker names."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from swarm.network import Address, Network
from swarm.wish import Found, Wish

# A young DHT table finds nothing at first; the long gaps are for what nobody has just now.
_LOOKUP_GAPS = (0.25, 0.75, 1.0, 2.0, 4.0, 8.0, 16.0)
_TRACKERS_AFTER = 1.0
_MOST_PEERS = 500

Later = Callable[[float, Callable[[], None]], None]


@dataclass(eq=False, slots=True)
class Waiting:
    wish: Wish
    began: float
    until: float
    done: Callable[[Found | None], None]


class Search:
    def __init__(self, network: Network, later: Later, trackers: Iterable[str]) -> None:
        """`trackers` are asked when the first second has brought nothing."""
        self.waiting: list[Waiting] = []
        self._network, self._later = network, later
        self._hashes: dict[bytes, bytes] = {}  # by target
        self._peers: dict[bytes, set[Address]] = {}  # each swarm of a hybrid has its own
        self._trackers: list[str] = []
        self._over = False
        later(_TRACKERS_AFTER, lambda: self.ask(trackers))

    @property
    def targets(self) -> tuple[bytes, ...]:
        return tuple(self._hashes)

    def look_for(self, infohash: bytes) -> None:
        """What began as 20 bytes may become known in full."""
        target = infohash[:20]
        known = self._hashes.get(target)
        if known is not None and len(known) >= len(infohash):
            return
        self._hashes[target] = infohash
        if self._peers.setdefault(target, set()) or self._trackers:
            self._network.fetch(infohash, self._peers[target], self._trackers)
        if known is None:
            self._look(target, 0)

    def meet(self, target: bytes, peers: Iterable[Address]) -> None:
        known = self._peers[target]
        new = [peer for peer in dict.fromkeys(peers) if peer not in known][: _MOST_PEERS - len(known)]
        if not new:
            return
        known.update(new)
        if self._network.fetches(target):
            self._network.connect(target, new, at_once=len(known) == len(new))
        else:
            self._network.fetch(self._hashes[target], new, self._trackers)

    def meet_all(self, peers: Iterable[Address]) -> None:
        for target in self._hashes:
            self.meet(target, peers)

    def ask(self, trackers: Iterable[str]) -> None:
        new = [tracker for tracker in dict.fromkeys(trackers) if tracker not in self._trackers]
        if self._over or not new:
            return
        self._trackers += new
        for target, infohash in self._hashes.items():
            if self._network.fetches(target):
                self._network.ask(target, new)
            else:
                self._network.fetch(infohash, (), new)

    def end(self) -> set[Address]:
        """All peers it knew, since one that has the info dictionary may have more."""
        self._over = True
        peers = set[Address]().union(*self._peers.values())
        for target in self._hashes:
            peers |= self._network.connected(target)
            self._network.drop(target)
        return peers

    def _look(self, target: bytes, times: int) -> None:
        if not self._over:
            self._network.lookup(target)
            gap = _LOOKUP_GAPS[min(times, len(_LOOKUP_GAPS) - 1)]
            self._later(gap, lambda: self._look(target, times + 1))
