"""The info dictionary is found; now the piece layers, which peers tell only to who asked by the v2 hash.

All peers are asked together, and then each of those that know the v2 hash alone, round after round: one that does
not answer, or not the truth, is asked again and again by libtorrent before another.

Trackers are not asked again: a libtorrent peer that hears of us in the v2 swarm of a hybrid answers our v1
handshakes with the v2 hash from then on, which fails.
"""

from collections.abc import Iterable, Iterator

from swarm.fetch.metadata import Schedule
from swarm.fetch.search import PendingRequest
from swarm.libtorrent_session import Address, LibtorrentSession, MetadataReceived

# A peer that still believes in the connection by which the info dictionary came refuses another one, and
# libtorrent alone would wait seconds before it tries again.
_TRY_AGAIN_AFTER = (0.25, 0.75, 1.5)
_TOGETHER = 0.75
_ALONE = 1.0
_SPEED = 1_000_000  # bytes a second of a slow peer: how much longer all of this takes with large layers
# libtorrent asks peers for the layers by itself, but does not say when it has them all.
_LOOK_GAPS = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5)


class PieceLayersFetch:
    def __init__(
        self,
        network: LibtorrentSession,
        later: Schedule,
        metadata: MetadataReceived,
        hashes: tuple[bytes, bytes],
        peers: Iterable[Address],
    ) -> None:
        self.waiting: list[PendingRequest] = []
        self.info = metadata.info
        self.size = metadata.layers
        self.slowness = 1 + self.size / _SPEED
        """By this everything takes longer than with the smallest."""
        self._pace = self.slowness
        self.hashes = hashes
        """Those of the info dictionary, in v1 and in v2."""
        self._network = network
        self._later = later
        self._target = hashes[1][:20]
        self.targets = (hashes[0], self._target)
        self._peers = set(peers)
        self._asked: tuple[Address, ...] = ()
        self._met: list[Address] = []
        self._over = False
        self._try_all()
        self._look(0)

    @property
    def hopeful(self) -> bool:
        """Somebody who knows the v2 hash was there."""
        return bool(self._met)

    def meet(self, peers: Iterable[Address]) -> None:
        """For the next round."""
        self._peers.update(peers)

    def end(self) -> None:
        self._over = True
        self._network.drop(self._target)

    def _ask(self, peers: Iterable[Address]) -> None:
        if (asked := tuple(peers)) != self._asked:
            self._network.drop(self._target)
        self._asked = asked
        for wait in (0, *_TRY_AGAIN_AFTER):
            self._later(wait, self._connect)

    def _connect(self) -> None:
        if not self._over and not self._network.connecting(self._target):
            self._network.fetch(self.hashes[1], self._asked, ())

    def _try_all(self) -> None:
        self._ask(self._peers)
        self._later(_TOGETHER * self._pace, lambda: self._try_each(iter(self._met)))

    def _try_each(self, peers: Iterator[Address]) -> None:
        if self._over:
            return
        if peer := next(peers, None):
            self._ask((peer,))
            self._later(_ALONE * self._pace, lambda: self._try_each(peers))
        else:
            self._pace *= 1.5  # they may be far away
            self._try_all()

    def _look(self, times: int) -> None:
        if not self._over:
            new = self._network.connected(self._target) - set(self._met)
            self._met = [*new, *self._met]  # who has not been tried alone comes first
            self._network.ask_layers(self._target)
            gap = _LOOK_GAPS[min(times, len(_LOOK_GAPS) - 1)] * self.slowness
            self._later(gap, lambda: self._look(times + 1))
