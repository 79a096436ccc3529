"""Fetches the piece layers of a v2 or hybrid torrent whose info dictionary is known.

Peers send piece layers only to a peer that connects by the v2 hash. All peers are asked together, then each of those
that know the v2 hash alone, round after round: libtorrent asks a peer that does not answer, or sends a false layer,
again and again before it asks another.

Trackers are not asked again: a libtorrent peer that learns of this session in the v2 swarm of a hybrid torrent
answers v1 handshakes with the v2 hash from then on, which fails.
"""

from collections.abc import Iterable, Iterator

from swarm.fetch.pending_request import PendingRequest
from swarm.fetch.timers import Schedule
from swarm.libtorrent_session import LibtorrentSession
from swarm.search_request import PeerAddress
from swarm.session_event_types import MetadataReceived

# A peer that takes the connection by which the info dictionary came for still open refuses another one, and
# libtorrent alone would wait seconds before it connects again.
_RECONNECT_GAPS = (0.25, 0.75, 1.5)
_TOGETHER_SECONDS = 0.75
_ALONE_SECONDS = 1.0
_SLOW_PEER_SPEED = 1_000_000  # bytes a second; by this, large layers prolong all timeouts
_LATER_ROUND_FACTOR = 1.5  # each round is longer than the one before, since the peers may be far away
# libtorrent asks peers for the layers by itself, but does not report when it has all of them.
_CHECK_GAPS = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5)  # seconds; the last is repeated


class PieceLayersFetch:
    def __init__(
        self,
        session: LibtorrentSession,
        schedule: Schedule,
        metadata: MetadataReceived,
        infohashes: tuple[bytes, bytes],
        peers: Iterable[PeerAddress],
    ) -> None:
        """`infohashes`: of the info dictionary, in v1 and in v2. Begins to connect at once."""
        self.requests: list[PendingRequest] = []
        """The requests that wait for the piece layers."""
        self.info = metadata.info
        self.size = metadata.piece_layers_size
        self.time_factor = 1 + self.size / _SLOW_PEER_SPEED
        """All timeouts are multiplied by this: 1 for the smallest layers."""
        self._round_factor = self.time_factor
        self.infohashes = infohashes
        self._session = session
        self._schedule = schedule
        self._target = infohashes[1][:20]
        self.targets = (infohashes[0], self._target)
        self._peers = set(peers)
        self._asked_peers: tuple[PeerAddress, ...] = ()
        self._v2_peers: list[PeerAddress] = []
        self._is_stopped = False
        self._try_together()
        self._repeat_check(0)

    @property
    def has_v2_peers(self) -> bool:
        """Whether a peer that knows the v2 hash has connected."""
        return bool(self._v2_peers)

    def add_peers(self, peers: Iterable[PeerAddress]) -> None:
        """They are asked in the next round."""
        self._peers.update(peers)

    def stop(self) -> None:
        self._is_stopped = True
        self._session.remove_torrent(self._target)

    def _ask_peers(self, peers: Iterable[PeerAddress]) -> None:
        if (asked := tuple(peers)) != self._asked_peers:
            self._session.remove_torrent(self._target)
        self._asked_peers = asked
        for gap in (0, *_RECONNECT_GAPS):
            self._schedule(gap, self._connect_if_idle)

    def _connect_if_idle(self) -> None:
        if not self._is_stopped and not self._session.has_peers(self._target):
            self._session.add_torrent(self.infohashes[1], self._asked_peers, ())

    def _try_together(self) -> None:
        self._ask_peers(self._peers)
        self._schedule(
            _TOGETHER_SECONDS * self._round_factor, lambda: self._try_each_alone(iter(self._v2_peers))
        )

    def _try_each_alone(self, peers: Iterator[PeerAddress]) -> None:
        if self._is_stopped:
            return
        if peer := next(peers, None):
            self._ask_peers((peer,))
            self._schedule(_ALONE_SECONDS * self._round_factor, lambda: self._try_each_alone(peers))
        else:
            self._round_factor *= _LATER_ROUND_FACTOR
            self._try_together()

    def _repeat_check(self, checks: int) -> None:
        if not self._is_stopped:
            new = self._session.connected_peers(self._target) - set(self._v2_peers)
            self._v2_peers = [*new, *self._v2_peers]  # those that have not been tried alone come first
            self._session.request_piece_layers(self._target)
            gap = _CHECK_GAPS[min(checks, len(_CHECK_GAPS) - 1)] * self.time_factor
            self._schedule(gap, lambda: self._repeat_check(checks + 1))
