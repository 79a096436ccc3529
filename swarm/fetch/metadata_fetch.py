"""Fetches the info dictionary of one infohash: repeats DHT lookups, and tries every peer that DHT or trackers name.

    1. Together: one libtorrent torrent with all peers and trackers. Usually enough, and the quickest.
    2. If peers are connected and no metadata has come within 5 s, or if wrong metadata came: each connected peer
       alone, for 1.5 s (8 s if it is the only one). Otherwise one lying peer can keep libtorrent from asking others.
    3. Together again, without the peers that sent wrong metadata when they were alone; and so on.

Everything here runs in the thread of the search engine. libtorrent's threads fetch meanwhile; what they find reaches
this module as method calls by way of `SearchCoordinator.handle_event`, and `stop` ends it.
"""

from collections.abc import Callable, Iterable

from swarm.fetch.timers import Schedule
from swarm.libtorrent_session import LibtorrentSession
from swarm.search_request import PeerAddress

# A DHT table that was just started finds nothing at first; the long gaps are for torrents that have no peers now.
_LOOKUP_GAPS = (0.25, 0.75, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds; the last is repeated
_MAX_PEERS = 500
# Transmission 3.00 takes up to 4.5 s to send its metadata, all other clients 1 s at most.
_TOGETHER_SECONDS = 5.0
_ALONE_SECONDS = 1.5
_ONLY_PEER_SECONDS = 8.0


class MetadataFetch:
    def __init__(self, session: LibtorrentSession, schedule: Schedule, infohash: bytes) -> None:
        """Begins with a DHT lookup."""
        self.infohash = infohash
        self._session, self._schedule = session, schedule
        self._target = infohash[:20]
        self._peers: set[PeerAddress] = set()
        self._lying_peers: set[PeerAddress] = set()
        self._trackers: list[str] = []
        self._peer_alone: PeerAddress | None = None  # None: all are tried together
        self._untried_peers: list[PeerAddress] = []
        self._attempt = 0
        self._is_stopped = False
        self._repeat_lookup(0)

    def use_full_infohash(self, infohash: bytes) -> None:
        """Try again by the 32 bytes of a v2 hash, if only its first 20 were known."""
        if len(infohash) > len(self.infohash):
            self.infohash = infohash
            self._try_together()

    def add_peers(self, peers: Iterable[PeerAddress]) -> None:
        """At most 500 are kept. While peers are tried one by one, new ones wait until all are tried together."""
        new = [peer for peer in dict.fromkeys(peers) if peer not in self._peers]
        new = new[: _MAX_PEERS - len(self._peers)]
        is_first = not self._peers
        self._peers.update(new)
        if self._peer_alone or not new:
            return
        if self._session.has_torrent(self._target):
            self._session.connect_peers(self._target, new, now=is_first)
        else:
            self._try_together()

    def add_trackers(self, trackers: Iterable[str]) -> None:
        """While peers are tried one by one, new trackers wait until all are tried together."""
        new = [tracker for tracker in dict.fromkeys(trackers) if tracker not in self._trackers]
        self._trackers += new
        if self._peer_alone or not new:
            return
        if self._session.has_torrent(self._target):
            self._session.add_trackers(self._target, new)
        else:
            self._try_together()

    def handle_mismatch(self) -> None:
        """A peer has sent wrong metadata: if it was tried alone it is excluded, else each is tried alone now."""
        if self._peer_alone:
            self._lying_peers.add(self._peer_alone)
            self._try_next_alone()
        else:
            self._try_each_alone()

    def known_peers(self) -> set[PeerAddress]:
        """All peers but the lying ones. Waits for libtorrent's thread, which may be busy."""
        return (self._peers | self._session.connected_peers(self._target)) - self._lying_peers

    def stop(self) -> None:
        self._is_stopped = True
        self._session.remove_torrent(self._target)

    def _try_together(self) -> None:
        self._peer_alone = None
        if self._peers or self._trackers:
            self._session.add_torrent(self.infohash, self._peers - self._lying_peers, self._trackers)
            self._schedule_step(_TOGETHER_SECONDS, self._try_each_alone)

    def _try_each_alone(self) -> None:
        if connected := self._session.connected_peers(self._target) - self._lying_peers:
            self._peers |= connected
            self._untried_peers = list(connected)
            self._try_next_alone(_ALONE_SECONDS if len(connected) > 1 else _ONLY_PEER_SECONDS)
        else:
            self._schedule_step(_TOGETHER_SECONDS, self._try_each_alone)

    def _try_next_alone(self, seconds: float = _ALONE_SECONDS) -> None:
        if self._untried_peers:
            self._peer_alone = self._untried_peers.pop()
            self._session.add_torrent(self.infohash, (self._peer_alone,), ())
            self._schedule_step(seconds, self._try_next_alone)
        else:
            self._try_together()

    def _schedule_step(self, seconds: float, step: Callable[[], None]) -> None:
        """Run the step, unless this fetch is stopped or another step is scheduled meanwhile."""
        self._attempt += 1
        attempt = self._attempt
        self._schedule(seconds, lambda: None if self._is_stopped or attempt != self._attempt else step())

    def _repeat_lookup(self, lookups: int) -> None:
        if not self._is_stopped:
            self._session.request_dht_peers(self._target)
            gap = _LOOKUP_GAPS[min(lookups, len(_LOOKUP_GAPS) - 1)]
            self._schedule(gap, lambda: self._repeat_lookup(lookups + 1))
