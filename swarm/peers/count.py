"""How many are in a swarm: everybody that the DHT and the trackers tell of, seen from outside."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from swarm.address_filter import is_public
from swarm.config import Config
from swarm.peers.dht import DhtLookup
from swarm.peers.trackers import TrackerClient, TrackerReport, TrackerSuspended
from swarm.peers.udp_tracker import ScrapeCounts, TrackerError

_TRACKERS = 10  # asked of one torrent: most have few that live, and some have hundreds that do not

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SwarmSnapshot:
    """`peers`: distinct addresses, without ports. `swarm`: of the tracker that knows most; None if none tells."""

    addresses: frozenset[str]
    scrape: ScrapeCounts | None


class SwarmCounter:
    """To be made inside a running event loop; many looks may be under way at once. Never joins a swarm."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lookups = DhtLookup(config)
        self._trackers = TrackerClient(allow_private=config.allow_private)

    async def wait_until_ready(self) -> None:
        """Returns as soon as the DHT has been entered, or clearly cannot be."""
        await self._lookups.wait_until_ready()

    async def count(self, infohashes: Iterable[bytes], trackers: Iterable[str]) -> SwarmSnapshot:
        """A hybrid torrent has two infohashes, and a swarm under each. Trackers that fail are left out."""
        targets = [infohash[:20] for infohash in infohashes]
        urls = list(dict.fromkeys([*trackers, *self._config.trackers]))[:_TRACKERS]
        asked = [self._ask(url, target) for url in urls for target in targets]
        found, reports = await asyncio.gather(
            asyncio.gather(*map(self._lookups.peers, targets)), asyncio.gather(*asked)
        )
        peers = {peer for each in found for peer in each} | {peer for one in reports for peer in one.peers}
        swarms = [report.swarm for report in reports if report.swarm]
        counted = frozenset(filter(self._counts, peers))
        return SwarmSnapshot(
            counted, max(swarms, key=lambda swarm: swarm.seeders + swarm.leechers, default=None)
        )

    async def close(self) -> None:
        self._lookups.close()
        await self._trackers.close()

    async def _ask(self, url: str, target: bytes) -> TrackerReport:
        try:
            return await self._trackers.ask(url, target)
        except TrackerSuspended:
            return TrackerReport()  # what it did is in the log
        except TrackerError as error:
            log.info("Tracker %.200r: %s", url, error)
            return TrackerReport()

    def _counts(self, address: str) -> bool:
        """Private addresses are nobody in particular."""
        return self._config.allow_private or is_public(address)
