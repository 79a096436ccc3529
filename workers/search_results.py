"""Stores what the resolver's searches found, and settles the wishes: fulfilled, missed, or given up.

thread of the search engine        two threads "search results"
---------------------------        ----------------------------
put(wish, outcome) ─► queue ─►     1. take up to 64 results
                                   2. deposit what was found, in one transaction: this fulfils the wishes
                                   3. give up what the archive refuses, record misses of the rest
                                   4. on_settled(wishes)
                                   while the database or the storage is away: wait, and put them back
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple

from django.db import close_old_connections

from archive.errors import Unavailable
from archive.queue.leases import LeasedWish, give_up_wish, record_misses
from archive.torrents.deposit import Receipt, deposit_many
from swarm import FoundMetadata, SearchOutcome, UnusableMetadata, build_torrent

_THREADS = 2  # one large torrent does not delay the others
_MAX_BATCH = 64  # torrents deposited in one transaction
_PAUSE = 2.0  # seconds, while the database or the storage is away

_log = logging.getLogger(__name__)


class _Result(NamedTuple):
    wish: LeasedWish
    outcome: SearchOutcome  # None: the search ended in vain


class SearchResults:
    """Thread-safe. `on_settled` gets the wishes whose rows need no lease any more."""

    def __init__(self, resolver: str, on_settled: Callable[[Sequence[LeasedWish]], object]) -> None:
        self._resolver, self._on_settled = resolver, on_settled
        self._results: SimpleQueue[_Result] = SimpleQueue()

    def start(self) -> None:
        for _ in range(_THREADS):
            Thread(target=self._run, name="search results", daemon=True).start()

    def put(self, wish: LeasedWish, outcome: SearchOutcome) -> None:
        self._results.put(_Result(wish, outcome))

    def _run(self) -> None:
        while True:
            batch = self._next_batch()
            try:
                self._settle_wishes(batch)
            except Unavailable:
                time.sleep(_PAUSE)
                for result in batch:
                    self._results.put(result)
                continue
            except Exception:
                row_ids = [result.wish.row_id for result in batch]
                _log.exception("These wishes could not be settled: %s", row_ids)
            finally:
                close_old_connections()
            self._on_settled([result.wish for result in batch])

    def _next_batch(self) -> list[_Result]:
        batch = [self._results.get()]
        with suppress(Empty):
            while len(batch) < _MAX_BATCH:
                batch.append(self._results.get_nowait())
        return batch

    def _settle_wishes(self, batch: Sequence[_Result]) -> None:
        """Raises Unavailable; what was settled until then may be settled again."""
        missed = [wish for wish, outcome in batch if outcome is None]
        torrents = [
            (wish, build_torrent(outcome, wish.trackers))
            for wish, outcome in batch
            if isinstance(outcome, FoundMetadata)
        ]
        deposits = deposit_many((torrent for _, torrent in torrents), entry_point="resolver")
        for (wish, _), deposit in zip(torrents, deposits, strict=True):
            if isinstance(deposit, Unavailable):
                raise deposit
            if isinstance(deposit, Receipt):
                missed.append(wish)  # the deposit deleted its row, unless the torrent lacks its piece layers
            else:
                give_up_wish(wish, self._resolver, str(deposit))
        for wish, outcome in batch:
            if isinstance(outcome, UnusableMetadata):
                reason = f"It was found, and nothing can be made of it: {outcome.reason}."
                give_up_wish(wish, self._resolver, reason)
        if missed:
            record_misses(missed, self._resolver)
