"""The resolver: claims wishes from the queue, and has the network searched for them. It joins archive and swarm.

    main thread, at least once a second          search engine           threads of SearchResults
    -----------------------------------          -------------           ------------------------
    1. claim due wishes, start searches ──────►  searches, 60 s at most
    2. every 5 s renew the leases,               _on_search_end ───────► deposit, settle the wish,
       reclaim those of dead resolvers                                   end of its lease
    3. heartbeat; delete stale wishes
    4. sleep until notified of new wishes;
       peer hints join searches under way ────►  add_peers

Any number of resolvers may run, on any number of machines.
"""

import socket
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections

from archive.db.notify import NEW_WISHES, Listener, listen
from archive.db.outages import outages
from archive.early_copies import delete_abandoned_copies
from archive.errors import Unavailable
from archive.metrics import searches
from archive.monitoring.heartbeat import HEARTBEAT_SECONDS, record_heartbeat
from archive.queue import resolver_leases
from archive.queue.received_peer_hints import PeerHints
from archive.queue.resolver_leases import LeasedWish
from archive.queue.wish_rows import delete_stale_wishes
from swarm import Config, SearchEngine, SearchOutcome, SearchRequest
from workers.search_results import SearchResults

SEARCH_SECONDS = 60.0  # for one search; requests that wait may give up sooner, it goes on without them

_MAX_SEARCHES = 1000  # at once; so many in vain cost libtorrent some 30 MB
_MAX_PEERS = 100  # named for one search: links may name peers to harm them
_RENEW_SECONDS = resolver_leases.LEASE_TIME.total_seconds() / 3
_DELETE_STALE_SECONDS = 3600.0
_POLL_SECONDS = 1.0  # between two looks at the queue, in case that a notification got lost
_PAUSE = 2.0  # seconds, while the database or the storage is away


def swarm_config() -> Config:
    return Config(
        listen=settings.BT_LISTEN,
        allow_private=settings.BT_ALLOW_PRIVATE,
        bootstrap=tuple(settings.DHT_BOOTSTRAP),
        trackers=tuple(settings.TRACKERS),
        dht_state=Path(settings.DATA_DIR) / "dht",
        max_metadata_bytes=max(Config.max_metadata_bytes, settings.MAX_TORRENT_BYTES),
        max_torrent_bytes=settings.MAX_TORRENT_BYTES,
    )


class Resolver:
    def __init__(self, engine: SearchEngine) -> None:
        self._engine = engine
        self._id = f"{socket.gethostname()} {uuid.uuid4().hex}"
        self._results = SearchResults(self._id, self._forget_wishes)
        self._wishes: dict[int, LeasedWish] = {}  # by row id, from the claim until the wish is settled
        self._peer_hints = PeerHints()
        self._listener: Listener | None = None
        self._stale_deleted = self._heartbeat_sent = time.monotonic()
        self._leases_renewed = 0.0  # so the first run reclaims what dead resolvers left

    def run(self, must_stop: Callable[[], bool]) -> None:
        """Returns when `must_stop()` is true, after it released its leases. May raise Unavailable at that point."""
        delete_abandoned_copies()
        self._results.start()
        while not must_stop():
            try:
                self._run_once()
            except Unavailable:
                time.sleep(_PAUSE)
            close_old_connections()
        resolver_leases.release_leases(self._id)
        if self._listener:
            self._listener.close()

    def _run_once(self) -> None:
        if self._listener is None:
            with outages():
                self._listener = listen(NEW_WISHES)
            record_heartbeat("resolver", self._id)
        self._start_searches(self._listener)
        now = time.monotonic()
        if now - self._leases_renewed >= _RENEW_SECONDS:
            resolver_leases.renew_leases(self._id, list(self._wishes))
            resolver_leases.reclaim_expired_leases()
            self._leases_renewed = now
        if now - self._heartbeat_sent >= HEARTBEAT_SECONDS:
            record_heartbeat("resolver", self._id)
            self._heartbeat_sent = now
        if now - self._stale_deleted >= _DELETE_STALE_SECONDS:
            delete_stale_wishes()
            delete_abandoned_copies()
            self._stale_deleted = now
        self._receive_hints(self._listener, _POLL_SECONDS)

    def _start_searches(self, listener: Listener) -> None:
        """Search for as many wishes as there is room for, until none is due."""
        while wishes := resolver_leases.claim_wishes(self._id, _MAX_SEARCHES - len(self._wishes)):
            self._receive_hints(
                listener, 0
            )  # peer hints are sent before their wish is written, so they have arrived
            for wish in wishes:
                wish.peers.update(self._peer_hints.take(wish.wish_key))
                self._wishes[wish.row_id] = wish
                request = SearchRequest(wish.v1, wish.v2, wish.trackers, tuple(wish.peers))
                self._engine.search(request, SEARCH_SECONDS, partial(self._on_search_end, wish))

    def _receive_hints(self, listener: Listener, seconds: float) -> None:
        """Receive peer hints, and add those for searches under way."""
        if not (payloads := listener.receive(seconds)):
            return
        self._peer_hints.receive(payloads)
        for wish in list(self._wishes.values()):
            new = self._peer_hints.take(wish.wish_key) - wish.peers
            if peers := tuple(islice(new, max(_MAX_PEERS - len(wish.peers), 0))):
                wish.peers.update(peers)
                self._engine.add_peers(SearchRequest(wish.v1, wish.v2, peers=peers))

    def _on_search_end(self, wish: LeasedWish, outcome: SearchOutcome) -> None:
        """Called by the search engine, on a thread of its own."""
        label, seconds = ("found", outcome.seconds) if outcome else ("missed", SEARCH_SECONDS)
        searches.labels(label).observe(seconds)
        self._results.put(wish, outcome)

    def _forget_wishes(self, wishes: Sequence[LeasedWish]) -> None:
        for wish in wishes:
            self._wishes.pop(wish.row_id, None)
