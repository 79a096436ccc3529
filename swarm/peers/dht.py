"""Who is in a swarm according to the DHT. A node tells a hundred of its peers at most, and others each time."""

import asyncio
import os
from contextlib import suppress

from swarm.config import Config
from swarm.libtorrent_session import LibtorrentSession, PeersFound, SessionStatistics

_ROUNDS = 8  # 240 peers on nodes that tell 100 of them each were complete after three (libtorrent, measured)
_BARREN = 2  # rounds without a new peer, and it is over
_QUIET = 1.5  # seconds without an answer end a round
_LONGEST = 15.0  # seconds of a round
_ENTERED_WITHIN, _GLANCE = 30.0, 0.2  # seconds


class DhtLookup:
    """To be made inside a running event loop; any number of targets at once."""

    def __init__(self, config: Config) -> None:
        self._ear, wake = os.pipe()
        os.set_blocking(self._ear, False)
        os.set_blocking(wake, False)
        self._wake = wake
        self._network = LibtorrentSession(config, wake)
        self._heard: dict[bytes, tuple[set[str], asyncio.Event]] = {}
        self._nodes = 0
        asyncio.get_running_loop().add_reader(self._ear, self._hear)

    async def wait_until_ready(self) -> None:
        """Returns when nodes are known and some time has passed to meet more, or after half a minute without."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_ENTERED_WITHIN):
                while not self._nodes:
                    self._network.ask_statistics()
                    await asyncio.sleep(_GLANCE)
                await asyncio.sleep(_QUIET)

    async def peers(self, target: bytes) -> set[str]:
        """Addresses without ports, in some seconds. Not for the same target twice at once."""
        found: set[str] = set()
        barren = rounds = 0
        while rounds < _ROUNDS and barren < _BARREN:
            new = await self._round(target) - found
            found |= new
            barren = 0 if new else barren + 1
            rounds += 1
        return found

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._ear)
        self._network.keep()
        self._network.close()
        os.close(self._ear)
        os.close(self._wake)

    async def _round(self, target: bytes) -> set[str]:
        peers: set[str] = set()
        answered = asyncio.Event()
        self._heard[target] = peers, answered
        self._network.lookup(target)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST):
                while True:
                    answered.clear()
                    await asyncio.wait_for(answered.wait(), _QUIET)
        del self._heard[target]
        return peers

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._ear, 65_536)
        for event in self._network.events():
            match event:
                case SessionStatistics(values):
                    self._nodes = values["dht.dht_nodes"]
                case PeersFound(target, found) if target in self._heard:
                    peers, answered = self._heard[target]
                    peers.update(host for host, _ in found)
                    answered.set()
