"""The census worker: counts the peers of torrents that are due, and records the numbers.

    event loop                             thread "index"              swarm
    ──────────                             ──────────────              ─────
    every second: claim what is due ─────► claim_due_torrents
    a task for each torrent claimed ─────────────────────────────────► DHT and trackers, some seconds
         addresses of peers ◄────────────────────────────────────────
         addresses ──────────────────────► country of each, hash of each,
                                           record_count: numbers alone

This module joins `archive` and `swarm`, which do not know each other. Addresses of peers are in memory here for as
long as one count takes; what goes on to the index are numbers.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from traceback import format_tb
from typing import TypeVar

from django.conf import settings
from django.db import close_old_connections

from archive.census.daily_peers import PeerCount, record_count
from archive.census.distinct_peers import DistinctPeers
from archive.census.schedule import DueTorrent, claim_due_torrents, enrol_new_torrents
from archive.errors import Unavailable
from swarm import Config
from swarm.peers.count_swarm import SwarmCounter, SwarmSnapshot
from swarm.peers.country import CountryDatabase

_CONCURRENT_COUNTS = 200  # each waits most of its time
_CLAIM_EVERY = 1.0  # seconds
_ENROL_EVERY = 60.0  # seconds

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


def open_country_database() -> CountryDatabase:
    """The database at COUNTRY_DB, or one that knows no country if there is none. Raises ValueError for a bad one."""
    path = Path(settings.COUNTRY_DB)
    if not path.exists():
        _log.warning("There is no country database at COUNTRY_DB, so every peer's country is unknown.")
        return CountryDatabase(None)
    return CountryDatabase(path)


def swarm_config() -> Config:
    """How to reach the network: the address of the resolver on this machine, but another port.

    No table of DHT nodes is kept on disk, since a node may be a peer that was counted.
    """
    host = settings.BT_LISTEN.rpartition(":")[0]
    return Config(
        listen=f"{host}:0",
        allow_private=settings.BT_ALLOW_PRIVATE,
        bootstrap=tuple(settings.DHT_BOOTSTRAP),
        trackers=tuple(settings.TRACKERS),
    )


class CensusWorker:
    """One census process. Any number may run, on any number of machines; the schedule shares the work among them."""

    def __init__(self, countries: CountryDatabase) -> None:
        self._countries, self._distinct = countries, DistinctPeers()
        self._index_thread = ThreadPoolExecutor(
            1, "index"
        )  # one thread has the one connection to the database

    async def run(self, is_stopping: Callable[[], bool]) -> None:
        """Count until `is_stopping()` is true, then give up the counts under way: they are due again later."""
        self._counter = SwarmCounter(swarm_config())
        await self._counter.wait_until_ready()
        counts: set[asyncio.Task[None]] = set()
        enrolled_at = -_ENROL_EVERY
        loop = asyncio.get_running_loop()
        while not is_stopping():
            try:
                if loop.time() - enrolled_at > _ENROL_EVERY and not await self._in_index(enrol_new_torrents):
                    enrolled_at = loop.time()
                for due in await self._claim_due(_CONCURRENT_COUNTS - len(counts)):
                    counts.add(task := asyncio.create_task(self._count_peers(due)))
                    task.add_done_callback(counts.discard)
            except Unavailable:
                pass  # is in the log; what is due stays due
            await asyncio.sleep(_CLAIM_EVERY)
        for task in counts:
            task.cancel()
        await asyncio.gather(*counts, return_exceptions=True)
        await self._counter.close()
        self._index_thread.shutdown()

    async def _claim_due(self, limit: int) -> list[DueTorrent]:
        return await self._in_index(lambda: claim_due_torrents(limit, self._distinct.census_id))

    async def _count_peers(self, due: DueTorrent) -> None:
        try:
            snapshot = await self._counter.count(due.infohashes, due.trackers)
            await self._in_index(lambda: self._record_snapshot(due.torrent, snapshot))
        except Unavailable:
            return  # the torrent is due again when its lease ends
        except Exception as error:
            # Without the error's own message, which might name a peer.
            trace = "".join(format_tb(error.__traceback__))
            _log.error("Counting torrent %d failed: %s\n%s", due.torrent, type(error).__name__, trace)

    def _record_snapshot(self, torrent: int, snapshot: SwarmSnapshot) -> None:
        today = datetime.now(UTC).date()
        by_country: dict[str, list[str]] = {}
        for address in snapshot.addresses:
            by_country.setdefault(self._countries.country_of(address), []).append(address)
        distinct = self._distinct.add_peers(torrent, today, by_country)
        scrape = snapshot.scrape._asdict() if snapshot.scrape else {}
        census_id, found = self._distinct.census_id, len(snapshot.addresses)
        record_count(torrent, PeerCount(today, distinct, census_id, found, **scrape))

    async def _in_index(self, call: Callable[[], Result]) -> Result:
        """Make this call, which uses the database, in the index thread."""

        def call_with_fresh_connection() -> Result:
            close_old_connections()
            return call()

        return await asyncio.get_running_loop().run_in_executor(
            self._index_thread, call_with_fresh_connection
        )
