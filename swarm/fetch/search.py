"""What some wait for, by one hash, or by both hashes of a hybrid, each of which has a swarm of its own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from swarm.fetch.metadata import MetadataFetch, Schedule
from swarm.libtorrent_session import Address, LibtorrentSession
from swarm.search_request import FoundMetadata, SearchRequest

_TRACKERS_AFTER = 1.0


@dataclass(eq=False, slots=True)
class PendingRequest:
    wish: SearchRequest
    began: float
    until: float
    done: Callable[[FoundMetadata | None], None]


class Search:
    def __init__(self, network: LibtorrentSession, later: Schedule, trackers: Iterable[str]) -> None:
        """`trackers` are asked when the first second has brought nothing."""
        self.waiting: list[PendingRequest] = []
        self._network, self._later = network, later
        self._pursuits: dict[bytes, MetadataFetch] = {}
        self._over = False
        later(_TRACKERS_AFTER, lambda: None if self._over else self.ask(trackers))

    @property
    def targets(self) -> tuple[bytes, ...]:
        return tuple(self._pursuits)

    def look_for(self, infohash: bytes) -> None:
        if pursuit := self._pursuits.get(infohash[:20]):
            pursuit.know(infohash)
        else:
            self._pursuits[infohash[:20]] = MetadataFetch(self._network, self._later, infohash)

    def meet(self, peers: Iterable[Address], target: bytes | None = None) -> None:
        for pursuit in [self._pursuits[target]] if target else self._pursuits.values():
            pursuit.meet(peers)

    def ask(self, trackers: Iterable[str]) -> None:
        for pursuit in self._pursuits.values():
            pursuit.ask(trackers)

    def doubt(self, target: bytes) -> None:
        self._pursuits[target].doubt()

    def peers(self) -> set[Address]:
        """One of them that has the info dictionary may have more."""
        return {peer for pursuit in self._pursuits.values() for peer in pursuit.peers()}

    def end(self) -> None:
        self._over = True
        for pursuit in self._pursuits.values():
            pursuit.end()
