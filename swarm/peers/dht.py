"""Finds the peers of a swarm in the DHT. A node names at most a hundred of its peers, and others each time.

the event loop                              libtorrent's threads
find_peers(target)
   | round: request a lookup  --------->    asks the nodes near the target
   | wait for answers                           | an alert, and a byte into the wake pipe
   |    ^                                       |
   |    +-- _read_events (add_reader) <---------+     adds the peers to the target's round
   | 1.5 s without an answer, or 15 s: the round is over
   | next round, until two in a row bring no new peer, or eight have been made
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from swarm.config import Config
from swarm.libtorrent_session import LibtorrentSession
from swarm.session_event_types import PeersFound, SessionStatistics
from swarm.wake_pipe import WakePipe

# Measured with libtorrent: 240 peers on nodes that name 100 of them each were complete after three rounds.
_MAX_ROUNDS = 8
_MAX_ROUNDS_WITHOUT_NEW = 2  # in a row
_ROUND_IDLE_SECONDS = 1.5  # without an answer
_ROUND_SECONDS = 15.0
_READY_SECONDS = 30.0
_POLL_SECONDS = 0.2


@dataclass(slots=True)
class _Round:
    addresses: set[str] = field(default_factory=set)
    answered: asyncio.Event = field(default_factory=asyncio.Event)


class DhtLookup:
    """Create it inside a running event loop. Any number of targets may be looked up at once."""

    def __init__(self, config: Config) -> None:
        self._wake_pipe = WakePipe()
        self._session = LibtorrentSession(config, self._wake_pipe.write_end)
        self._rounds: dict[bytes, _Round] = {}  # under way, by target
        self._nodes = 0
        asyncio.get_running_loop().add_reader(self._wake_pipe, self._read_events)

    async def wait_until_ready(self) -> None:
        """Return 1.5 s after the first node is known, so that there are more; after 30 s even if none is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_READY_SECONDS):
                while not self._nodes:
                    self._session.request_statistics()
                    await asyncio.sleep(_POLL_SECONDS)
                await asyncio.sleep(_ROUND_IDLE_SECONDS)

    async def find_peers(self, target: bytes) -> set[str]:
        """Addresses without ports; takes some seconds. Not for the same target twice at once.

        `target`: 20 bytes, a v1 infohash or a truncated v2 infohash.
        """
        found: set[str] = set()
        rounds = rounds_without_new = 0
        while rounds < _MAX_ROUNDS and rounds_without_new < _MAX_ROUNDS_WITHOUT_NEW:
            new = await self._run_round(target) - found
            found |= new
            rounds_without_new = 0 if new else rounds_without_new + 1
            rounds += 1
        return found

    def close(self) -> None:
        """Save the DHT table. Blocks for 0.5 s."""
        asyncio.get_running_loop().remove_reader(self._wake_pipe)
        self._session.save_dht_state()
        self._session.close()
        self._wake_pipe.close()

    async def _run_round(self, target: bytes) -> set[str]:
        round_ = self._rounds[target] = _Round()
        self._session.request_dht_peers(target)
        with suppress(TimeoutError):
            async with asyncio.timeout(_ROUND_SECONDS):
                while True:
                    round_.answered.clear()
                    await asyncio.wait_for(round_.answered.wait(), _ROUND_IDLE_SECONDS)
        del self._rounds[target]
        return round_.addresses

    def _read_events(self) -> None:
        self._wake_pipe.clear()
        for event in self._session.pop_events():
            match event:
                case SessionStatistics(values):
                    self._nodes = values["dht.dht_nodes"]
                case PeersFound(target, peers) if target in self._rounds:
                    self._rounds[target].addresses.update(host for host, _ in peers)
                    self._rounds[target].answered.set()
