"""Delivers and stores what the resolver's searches found, and settles the wishes: fulfilled, missed, or given up.

thread of the search engine     thread "found torrents"           two threads "search results"
---------------------------     -----------------------           ----------------------------
put(wish, outcome) ─► queue ─►  1. take all results
                                2. deliver what is awaited
                                   to the waiting requests
                                3. ─► queue ────────────────────► 4. collect up to 64 results, 0.25 s at most
                                                                  5. deposit what was found, in one transaction:
                                                                     this fulfils the wishes
                                                                  6. give up what the archive refuses, record
                                                                     misses of the rest
                                                                  7. on_settled(wishes)
                                                                  while the database or the storage is away:
                                                                  wait, and put them back
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import NamedTuple, TypeVar

from django.db import close_old_connections

from archive.early_copies import delete_early_copies
from archive.errors import Unavailable
from archive.queue.resolver_leases import LeasedWish, give_up_wish, record_misses
from archive.torrents.deposit import Receipt, deposit_many
from archive.torrents.deposit_candidate import Candidate, parse_candidate
from archive.torrents.early_delivery import deliver_early
from metainfo.errors import Refusal
from swarm import FoundMetadata, SearchOutcome, UnusableMetadata, build_torrent

_THREADS = 2  # one large torrent does not delay the others
_MAX_BATCH = 64  # torrents deposited in one transaction
# Nothing on this machine waits for a deposit: it collects as long as results keep coming, so that the torrents of a
# burst are delivered first, and then stored in large batches. Requests on other machines do wait, so not for long.
_COLLECT_SECONDS, _MAX_PAUSES = 0.05, 5
_PAUSE = 2.0  # seconds, while the database or the storage is away

_log = logging.getLogger(__name__)
Item = TypeVar("Item")


class _Result(NamedTuple):
    """`found`: the torrent, why the archive or libtorrent refuses it, or None if the search ended in vain."""

    wish: LeasedWish
    found: Candidate | Refusal | UnusableMetadata | None


class SearchResults:
    """Thread-safe. `on_settled` gets the wishes whose rows need no lease any more."""

    def __init__(self, resolver: str, on_settled: Callable[[Sequence[LeasedWish]], object]) -> None:
        self._resolver, self._on_settled = resolver, on_settled
        self._outcomes: SimpleQueue[tuple[LeasedWish, SearchOutcome]] = SimpleQueue()
        self._results: SimpleQueue[_Result] = SimpleQueue()
        self._collecting = Lock()  # held by the one thread that collects a batch: two would share it

    def start(self) -> None:
        Thread(target=self._run_delivery, name="found torrents", daemon=True).start()
        for _ in range(_THREADS):
            Thread(target=self._run, name="search results", daemon=True).start()

    def put(self, wish: LeasedWish, outcome: SearchOutcome) -> None:
        self._outcomes.put((wish, outcome))

    def _run_delivery(self) -> None:
        while True:
            results = [
                result for one in _take_batch(self._outcomes) if (result := self._parse_or_forget(*one))
            ]
            awaited = {
                wish.wish_key: found
                for wish, found in results
                if wish.awaited and isinstance(found, Candidate)
            }
            try:
                if awaited:
                    deliver_early(awaited)
            except Unavailable:
                _log.warning("What waits for these torrents gets them when they are stored")
            except Exception:
                _log.exception("Torrents could not be delivered before they are stored")
            finally:
                close_old_connections()
            for result in results:
                self._results.put(result)

    def _parse_or_forget(self, wish: LeasedWish, outcome: SearchOutcome) -> _Result | None:
        """None after an unforeseen error: the wish loses its lease, and is searched for again."""
        try:
            return _parse_outcome(wish, outcome)
        except Exception:
            _log.exception("What was found for this wish could not be read: %s", wish.row_id)
            self._on_settled([wish])
            return None

    def _run(self) -> None:
        while True:
            with self._collecting:
                batch = self._collect_batch()
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
            delete_early_copies(
                found.infohash for wish, found in batch if wish.awaited and isinstance(found, Candidate)
            )
            self._on_settled([result.wish for result in batch])

    def _collect_batch(self) -> list[_Result]:
        first, count = self._results.get(), -1
        for _ in range(_MAX_PAUSES):
            if count == (count := self._results.qsize()) or count >= _MAX_BATCH:
                break
            time.sleep(_COLLECT_SECONDS)
        return _take_batch(self._results, first)

    def _settle_wishes(self, batch: Sequence[_Result]) -> None:
        """Raises Unavailable; what was settled until then may be settled again."""
        missed = [wish for wish, found in batch if found is None]
        torrents = [(wish, found) for wish, found in batch if isinstance(found, Candidate | Refusal)]
        deposits = deposit_many((found for _, found in torrents), entry_point="resolver")
        for (wish, _), deposit in zip(torrents, deposits, strict=True):
            if isinstance(deposit, Unavailable):
                raise deposit
            if isinstance(deposit, Receipt):
                missed.append(wish)  # the deposit deleted its row, unless the torrent lacks its piece layers
            else:
                give_up_wish(wish, self._resolver, str(deposit))
        for wish, found in batch:
            if isinstance(found, UnusableMetadata):
                reason = f"It was found, and nothing can be made of it: {found.reason}."
                give_up_wish(wish, self._resolver, reason)
        if missed:
            record_misses(missed, self._resolver)


def _parse_outcome(wish: LeasedWish, outcome: SearchOutcome) -> _Result:
    if not isinstance(outcome, FoundMetadata):
        return _Result(wish, outcome)
    try:
        return _Result(wish, parse_candidate(build_torrent(outcome, wish.trackers)))
    except Refusal as refusal:
        return _Result(wish, refusal)


def _take_batch(queue: "SimpleQueue[Item]", *first: Item) -> list[Item]:
    """What is in the queue, at most _MAX_BATCH with the first; waits for the first if it is not given."""
    batch = list(first) or [queue.get()]
    with suppress(Empty):
        while len(batch) < _MAX_BATCH:
            batch.append(queue.get_nowait())
    return batch
