"""The info dictionary is found; now the piece layers, which peers tell only to who asked by the v2 hash.

Trackers are not asked again: a libtorrent peer that hears of us in the v2 swarm of a hybrid answers our v1
handshakes with the v2 hash from then on, which fails.
"""

from collections.abc import Iterable
from hashlib import sha256

from swarm.network import Address, Network
from swarm.pursuit import Later
from swarm.search import Waiting

# A peer that still believes in the connection by which the info dictionary came refuses another one, and
# libtorrent alone would wait seconds before it tries again.
_TRY_AGAIN_AFTER = (0.25, 0.75, 1.5)
# It asks peers for the layers by itself, but does not say when it has them all.
_LOOK_GAPS = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5)


class Completion:
    def __init__(
        self,
        network: Network,
        later: Later,
        info: bytes,
        targets: tuple[bytes, ...],
        peers: Iterable[Address],
    ) -> None:
        self.waiting: list[Waiting] = []
        self.info = info
        self.targets = targets
        self._network = network
        self._later = later
        self._peers = tuple(peers)
        self._infohash = sha256(info).digest()
        self._over = False
        self._connect()
        for wait in _TRY_AGAIN_AFTER:
            later(wait, self._connect)
        self._look(0)

    def end(self) -> set[Address]:
        self._over = True
        self._network.drop(self._infohash[:20])
        return set()

    def _connect(self) -> None:
        if not self._over and not self._network.connecting(self._infohash[:20]):
            self._network.fetch(self._infohash, self._peers, ())

    def _look(self, times: int) -> None:
        if not self._over:
            self._network.ask_layers(self._infohash[:20])
            self._later(_LOOK_GAPS[min(times, len(_LOOK_GAPS) - 1)], lambda: self._look(times + 1))
