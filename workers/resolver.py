"""The resolver: takes wishes from the queue, searches the network for them, and deposits what it finds.

Wiring, since it joins the archive and the swarm, which do not know each other.
"""

import logging
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple

from django.conf import settings
from django.db import close_old_connections

from archive.db.notify import NEW_WISHES, Listener, listen
from archive.db.outages import outages
from archive.errors import Unavailable
from archive.metrics import searches
from archive.monitoring.heartbeat import HEARTBEAT_SECONDS, record_heartbeat
from archive.queue import leases, wish_rows
from archive.queue.leases import LeasedWish
from archive.queue.peer_hints import PeerHints
from archive.torrents.deposit import Receipt, deposit_many
from swarm import Config, FoundMetadata, SearchEngine, SearchRequest, build_torrent

SEARCH = 60.0  # seconds for one search; nobody needs to wait so long, it goes on without them
_AT_ONCE = 1000  # searches; so many dead ones cost libtorrent some 30 MB
_PEERS = 100  # of one search: whoever names them need not wish it well
_RENEW = leases.LEASE_TIME.total_seconds() / 3
_FORGET = 3600.0
_LOOK = 1.0  # seconds between two looks at the queue, in case that a hint got lost
_DELIVERERS = 2  # threads: one large torrent does not keep the others
_BATCH = 64  # torrents that one of them deposits in one transaction
_PAUSE = 2.0  # seconds, while the database or the storage is away

log = logging.getLogger(__name__)


class Result(NamedTuple):
    wish: LeasedWish
    found: FoundMetadata | None


def config() -> Config:
    return Config(
        listen=settings.BT_LISTEN,
        allow_private=settings.BT_ALLOW_PRIVATE,
        bootstrap=tuple(settings.DHT_BOOTSTRAP),
        trackers=tuple(settings.TRACKERS),
        state=Path(settings.DATA_DIR) / "dht",
        max_torrent=settings.MAX_TORRENT_BYTES,
    )


class Resolver:
    """Any number may run, on any number of machines."""

    def __init__(self, engine: SearchEngine) -> None:
        self._engine = engine
        self._name = f"{socket.gethostname()} {uuid.uuid4().hex}"
        self._results: SimpleQueue[Result] = SimpleQueue()
        self._open: dict[int, LeasedWish] = {}  # by number, from claim to settlement
        self._told = PeerHints()
        self._ear: Listener | None = None
        self._forgot = self._beaten = time.monotonic()
        self._renewed = 0.0  # what others left is taken over at once

    def run(self, stop: Callable[[], bool]) -> None:
        for _ in range(_DELIVERERS):
            Thread(target=self._deliver, name="deliver", daemon=True).start()
        while not stop():
            try:
                self._turn()
            except Unavailable:
                time.sleep(_PAUSE)
            close_old_connections()
        leases.release_leases(self._name)
        if self._ear:
            self._ear.close()

    def _turn(self) -> None:
        if self._ear is None:
            with outages():
                self._ear = listen(NEW_WISHES)
            record_heartbeat("resolver", self._name)
        self._search(self._ear)
        now = time.monotonic()
        if now - self._renewed >= _RENEW:
            leases.renew_leases(self._name, list(self._open))
            leases.reclaim_expired_leases()
            self._renewed = now
        if now - self._beaten >= HEARTBEAT_SECONDS:
            record_heartbeat("resolver", self._name)
            self._beaten = now
        if now - self._forgot >= _FORGET:
            wish_rows.delete_stale_wishes()
            self._forgot = now
        self._listen(self._ear, _LOOK)

    def _search(self, ear: Listener) -> None:
        """Begin with as many wishes as there is room for, until none is due: what rang meanwhile is heard already."""
        while wishes := leases.claim_wishes(self._name, _AT_ONCE - len(self._open)):
            self._listen(ear, 0)  # their peers were told before they were written
            for wish in wishes:
                wish.peers.update(self._told.take(wish.wish_key))
                self._open[wish.row_id] = wish
                asked = SearchRequest(wish.v1, wish.v2, wish.trackers, tuple(wish.peers))
                self._engine.search(asked, SEARCH, partial(self._ended, wish))

    def _listen(self, ear: Listener, seconds: float) -> None:
        """Peers that are told of during a search join it."""
        if not (words := ear.receive(seconds)):
            return
        self._told.receive(words)
        for wish in list(self._open.values()):
            more = self._told.take(wish.wish_key) - wish.peers
            if few := tuple(islice(more, max(_PEERS - len(wish.peers), 0))):
                wish.peers.update(few)
                self._engine.add_peers(SearchRequest(wish.v1, wish.v2, peers=few))

    def _ended(self, wish: LeasedWish, found: FoundMetadata | None) -> None:
        searches.labels("found" if found else "missed").observe(found.seconds if found else SEARCH)
        self._results.put(Result(wish, found))

    def _deliver(self) -> None:
        """A thread's whole life. What the archive cannot take just now is kept until it can."""
        while True:
            batch = self._batch()
            try:
                self._settle(batch)
            except Unavailable:
                time.sleep(_PAUSE)
                for result in batch:
                    self._results.put(result)
                continue
            except Exception:
                log.exception(
                    "These wishes could not be settled: %s", [result.wish.row_id for result in batch]
                )
            finally:
                close_old_connections()
            for result in batch:
                self._open.pop(result.wish.row_id, None)

    def _batch(self) -> list[Result]:
        batch = [self._results.get()]
        with suppress(Empty):
            while len(batch) < _BATCH:
                batch.append(self._results.get_nowait())
        return batch

    def _settle(self, batch: list[Result]) -> None:
        useful = [(wish, found) for wish, found in batch if found and not found.unusable]
        met = [(wish, build_torrent(found, wish.trackers)) for wish, found in useful]
        over = [wish for wish, found in batch if not found]
        outcomes = deposit_many((made for _, made in met), entry_point="resolver")
        for (wish, _), outcome in zip(met, outcomes, strict=True):
            if isinstance(outcome, Unavailable):
                raise outcome
            if isinstance(outcome, Receipt):
                over.append(wish)  # gone from the queue by now, unless its piece layers are still missing
            else:
                leases.give_up_wish(wish, self._name, str(outcome))
        for wish, found in batch:
            if found and found.unusable:
                why = f"It was found, and nothing can be made of it: {found.unusable}."
                leases.give_up_wish(wish, self._name, why)
        if over:
            leases.record_misses(over, self._name)
