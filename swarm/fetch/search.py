"""A search for the info dictionary of one torrent, by one hash or by both hashes of a hybrid torrent.

Each hash has a swarm of its own, and so a MetadataFetch of its own.
"""

from collections.abc import Iterable

from swarm.fetch.metadata_fetch import MetadataFetch
from swarm.fetch.pending_request import PendingRequest
from swarm.fetch.timers import Schedule
from swarm.libtorrent_session import LibtorrentSession
from swarm.search_request import PeerAddress

_TRACKERS_AFTER_SECONDS = 1.0


class Search:
    def __init__(self, session: LibtorrentSession, schedule: Schedule, trackers: Iterable[str]) -> None:
        """`trackers`: those of the settings, which are asked if the search is not over within a second."""
        self.requests: list[PendingRequest] = []
        """The requests that wait for this search."""
        self._session, self._schedule = session, schedule
        self._fetches: dict[bytes, MetadataFetch] = {}  # by target
        self._is_stopped = False
        schedule(_TRACKERS_AFTER_SECONDS, lambda: None if self._is_stopped else self.add_trackers(trackers))

    @property
    def targets(self) -> tuple[bytes, ...]:
        """The 20 bytes of each hash that is searched for."""
        return tuple(self._fetches)

    def add_infohash(self, infohash: bytes) -> None:
        """Search by this hash too, or by the whole of a v2 hash that was known truncated."""
        if fetch := self._fetches.get(infohash[:20]):
            fetch.use_full_infohash(infohash)
        else:
            self._fetches[infohash[:20]] = MetadataFetch(self._session, self._schedule, infohash)

    def add_peers(self, peers: Iterable[PeerAddress], target: bytes | None = None) -> None:
        """`target`: the swarm in which the peers were found; None if it is not known."""
        for fetch in [self._fetches[target]] if target else self._fetches.values():
            fetch.add_peers(peers)

    def add_trackers(self, trackers: Iterable[str]) -> None:
        for fetch in self._fetches.values():
            fetch.add_trackers(trackers)

    def handle_mismatch(self, target: bytes) -> None:
        """Wrong metadata was received from the swarm of this target."""
        self._fetches[target].handle_mismatch()

    def known_peers(self) -> set[PeerAddress]:
        """Peers of all swarms: one that has the info dictionary may have the piece layers."""
        return {peer for fetch in self._fetches.values() for peer in fetch.known_peers()}

    def stop(self) -> None:
        self._is_stopped = True
        for fetch in self._fetches.values():
            fetch.stop()
