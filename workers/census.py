"""The census: takes torrents that are due, has the swarm looked at, and records how many were there.

Wiring, since it joins the archive and the swarm, which do not know each other. Addresses live in memory here for
as long as one look takes: they come in from the swarm, and numbers alone go on to the index.
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

from archive.census import schedule
from archive.census.daily_peers import PeerCount, record_count
from archive.census.distinct_peers import DistinctPeers
from archive.census.schedule import DueTorrent
from archive.errors import Unavailable
from swarm import Config
from swarm.peers.count import SwarmCounter, SwarmSnapshot
from swarm.peers.country import CountryDatabase

_AT_ONCE = 200  # looks: each waits most of its time
_PAUSE = 1.0  # seconds between two glances at what is due
_ENROL_EVERY = 60.0

log = logging.getLogger(__name__)

T = TypeVar("T")


def open_country_database() -> CountryDatabase:
    """Raises ValueError where COUNTRY_DB cannot be read."""
    path = Path(settings.COUNTRY_DB)
    if not path.exists():
        log.warning("There is no country database at COUNTRY_DB, so every peer's country is unknown.")
        return CountryDatabase(None)
    return CountryDatabase(path)


def swarm_config() -> Config:
    """Beside a resolver: the same address, another port."""
    host = settings.BT_LISTEN.rpartition(":")[0]
    return Config(
        listen=f"{host}:0",
        allow_private=settings.BT_ALLOW_PRIVATE,
        bootstrap=tuple(settings.DHT_BOOTSTRAP),
        trackers=tuple(settings.TRACKERS),
        # No table of nodes is kept: whoever has been counted may be one of them.
    )


class CensusWorker:
    """Any number may run, on any number of machines."""

    def __init__(self, countries: CountryDatabase) -> None:
        self._countries, self._seen = countries, DistinctPeers()
        self._database = ThreadPoolExecutor(1, "index")  # the one thread that talks to it

    async def run(self, stop: Callable[[], bool]) -> None:
        self._counter = SwarmCounter(swarm_config())
        await self._counter.wait_until_ready()
        looks: set[asyncio.Task[None]] = set()
        enrolled = -_ENROL_EVERY
        loop = asyncio.get_running_loop()
        while not stop():
            try:
                if loop.time() - enrolled > _ENROL_EVERY and not await self._ask(schedule.enrol_new_torrents):
                    enrolled = loop.time()
                for subject in await self._ask(
                    lambda: schedule.claim_due_torrents(_AT_ONCE - len(looks), self._seen.name)
                ):
                    looks.add(task := asyncio.create_task(self._look(subject)))
                    task.add_done_callback(looks.discard)
            except Unavailable:
                pass  # logged; what is due stays due
            await asyncio.sleep(_PAUSE)
        for task in looks:
            task.cancel()
        await asyncio.gather(*looks, return_exceptions=True)
        await self._counter.close()
        self._database.shutdown()

    async def _look(self, subject: DueTorrent) -> None:
        try:
            snapshot = await self._counter.count(subject.infohashes, subject.trackers)
            await self._ask(lambda: self._record(subject.torrent, snapshot))
        except Unavailable:
            return  # it is due again when the lease ends
        except Exception as error:
            # Not its words, which might name a peer.
            trace = "".join(format_tb(error.__traceback__))
            log.error("A look at torrent %d failed: %s\n%s", subject.torrent, type(error).__name__, trace)

    def _record(self, torrent: int, snapshot: SwarmSnapshot) -> None:
        today = datetime.now(UTC).date()
        peers: dict[str, list[str]] = {}
        for address in snapshot.addresses:
            peers.setdefault(self._countries.country_of(address), []).append(address)
        countries = self._seen.add(torrent, today, peers)
        swarm = snapshot.scrape._asdict() if snapshot.scrape else {}
        record_count(torrent, PeerCount(today, countries, self._seen.name, len(snapshot.addresses), **swarm))

    async def _ask(self, question: Callable[[], T]) -> T:
        def answer() -> T:
            close_old_connections()
            return question()

        return await asyncio.get_running_loop().run_in_executor(self._database, answer)
