"""The info dictionary is found; now the piece layers, which peers tell only to who asked by the v2 hash."""

from collections.abc import Iterable
from hashlib import sha256

from swarm.network import Address, Network
from swarm.search import Later, Waiting

# Peers are asked by libtorrent, which does not say when it has them all.
_GAPS = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5)


class Completion:
    def __init__(
        self,
        network: Network,
        later: Later,
        info: bytes,
        targets: tuple[bytes, ...],
        peers: Iterable[Address],
        trackers: Iterable[str],
    ) -> None:
        self.waiting: list[Waiting] = []
        self.info = info
        self.targets = targets
        self._network, self._later = network, later
        self._over = False
        infohash = sha256(info).digest()
        self._target = infohash[:20]
        network.fetch(infohash, peers, trackers)
        self._look(0)

    def end(self) -> set[Address]:
        self._over = True
        self._network.drop(self._target)
        return set()

    def _look(self, times: int) -> None:
        if not self._over:
            self._network.ask_layers(self._target)
            self._later(_GAPS[min(times, len(_GAPS) - 1)], lambda: self._look(times + 1))
