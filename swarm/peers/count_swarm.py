"""Counts the peers of a swarm: the addresses that DHT nodes and trackers name."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from metainfo.announce_url import clean_announce_url
from swarm.address_filter import is_public
from swarm.config import Config
from swarm.peers.dht import DhtLookup
from swarm.peers.query_tracker import TrackerClient, TrackerSuspended
from swarm.peers.tracker_report import ScrapeCounts, TrackerError, TrackerReport

_MAX_TRACKERS = 10  # of one torrent: most torrents name few that are alive, and some hundreds that are dead

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SwarmSnapshot:
    addresses: frozenset[str]
    """Distinct addresses of peers, without ports."""
    scrape: ScrapeCounts | None
    """Of the tracker that knows most peers; None if no tracker answers a scrape."""


class SwarmCounter:
    """Create it inside a running event loop. Any number of swarms may be counted at once; none is joined."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._dht = DhtLookup(config)
        self._trackers = TrackerClient(allow_private=config.allow_private)

    async def wait_until_ready(self) -> None:
        """Return when the DHT has been entered, or after 30 s if it cannot be."""
        await self._dht.wait_until_ready()

    async def count(self, infohashes: Iterable[bytes], trackers: Iterable[str]) -> SwarmSnapshot:
        """The peers of one torrent; a hybrid has two infohashes, and a swarm under each. Takes some seconds.

        Trackers that fail are logged and left out.
        """
        targets = [infohash[:20] for infohash in infohashes]
        cleaned = filter(None, map(clean_announce_url, [*trackers, *self._config.trackers]))
        urls = list(dict.fromkeys(cleaned))[:_MAX_TRACKERS]
        queries = [self._query_tracker(url, target) for url in urls for target in targets]
        dht_peers, reports = await asyncio.gather(
            asyncio.gather(*map(self._dht.find_peers, targets)), asyncio.gather(*queries)
        )
        addresses = {address for found in dht_peers for address in found}
        addresses |= {address for report in reports for address in report.addresses}
        scrapes = [report.scrape for report in reports if report.scrape]
        return SwarmSnapshot(
            frozenset(filter(self._is_countable, addresses)),
            max(scrapes, key=lambda scrape: scrape.seeders + scrape.leechers, default=None),
        )

    async def close(self) -> None:
        self._dht.close()
        await self._trackers.close()

    async def _query_tracker(self, url: str, target: bytes) -> TrackerReport:
        try:
            return await self._trackers.query(url, target)
        except TrackerSuspended:
            return TrackerReport()  # its failures are in the log already
        except TrackerError as error:
            log.info("Tracker %.200r: %s", url, error)
            return TrackerReport()

    def _is_countable(self, address: str) -> bool:
        """A private address does not identify a peer."""
        return self._config.allow_private or is_public(address)
