"""Where requests ask and wait until their wish is settled: asleep, woken once, and never too many of them.

Two threads of each process do all their work with the database: the clerk notes wishes, as many at a time as there
are, and the watch hears what became of them. Both go home when nobody has come for a while.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import cast

from django.conf import settings
from django.db import close_old_connections, connection

from archive.address_block import address_block
from archive.db.notify import SETTLED_WISHES, Listener, listen
from archive.db.outages import outages
from archive.db.slots import aside
from archive.errors import TooManyWishes, Unavailable
from archive.queue.enqueue import WishRequest, wish_key
from archive.queue.wishes import WishStatus, enqueue_requests, wish_statuses
from metainfo.errors import Refusal

_BATCH = 64
_LOOK = 1.0  # seconds between two looks at the table, in case that a hint got lost
_LINGER = 5.0  # seconds; whoever comes meanwhile need not wait for threads and connections
_FULL = "Your address waits for very many torrents already; please go on when some of them have come."
_A_WHILE = 10  # seconds

_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Seat:
    asked: WishRequest
    home: bytes
    stays: bool
    outcome: WishStatus | Refusal | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def tell(self, outcome: WishStatus | Refusal) -> None:
        """The first word that settles it is the last."""
        if not self.over.is_set():
            self.outcome = outcome
            if isinstance(outcome, Refusal) or not (self.stays and outcome.searching):
                self.over.set()


class _Room:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seats: dict[bytes, set[_Seat]] = {}
        self._taken: Counter[bytes] = Counter()  # waiters, by address block
        self._errands: SimpleQueue[_Seat] = SimpleQueue()
        self._clerk = False
        self._ear: Listener | None = None

    def ask(self, asked: WishRequest, seconds: float) -> WishStatus:
        """How it stands once it is settled, or after so many seconds. Raises TooManyWishes, Unavailable."""
        with self._seat(asked) as seat, aside():
            seat.over.wait(seconds if seat.stays else None)
            with self._lock:
                seat.stays = False
                noted = seat.outcome is not None
            if not noted:  # the database is slow
                seat.over.wait()
        if isinstance(seat.outcome, Refusal):
            raise seat.outcome
        return cast(WishStatus, seat.outcome)

    @contextmanager
    def _seat(self, asked: WishRequest) -> Iterator[_Seat]:
        """Who sits down before the wish is noted cannot miss what becomes of it. Without a seat it is noted only."""
        name, home = wish_key(asked.magnet), address_block(asked.asker)
        with self._lock:
            seat = _Seat(asked, home, asked.awaited and self._has_room(home))
            if seat.stays:
                self._watch_out()
                self._seats.setdefault(name, set()).add(seat)
                self._taken[home] += 1
            self._errands.put(seat)
            if not self._clerk:
                self._clerk = True
                threading.Thread(target=self._note, name="waiting: clerk", daemon=True).start()
        try:
            yield seat
        finally:
            with self._lock:
                if seats := self._seats.get(name):
                    self._leave(seats, seat)
                    if not seats:
                        del self._seats[name]

    def _leave(self, seats: set[_Seat], seat: _Seat) -> None:
        if seat in seats:
            seats.remove(seat)
            self._taken[seat.home] -= 1
            if not self._taken[seat.home]:
                del self._taken[seat.home]

    def _has_room(self, home: bytes) -> bool:
        """The other threads are for those who work. One household has a third of the seats."""
        if home and self._taken[home] >= settings.THREADS // 4:
            raise TooManyWishes(_FULL, _A_WHILE)
        return self._taken.total() < settings.THREADS * 3 // 4

    def _note(self) -> None:
        """The clerk's whole day."""
        while batch := self._batch():
            self._tell(zip(batch, _noted(batch), strict=True))
            close_old_connections()
        connection.close()

    def _batch(self) -> list[_Seat]:
        with suppress(Empty):
            batch = [self._errands.get(timeout=_LINGER)]
            with suppress(Empty):
                while len(batch) < _BATCH:
                    batch.append(self._errands.get_nowait())
            return batch
        with self._lock:
            self._clerk = not self._errands.empty()
        return self._batch() if self._clerk else []

    def _watch_out(self) -> None:
        if self._ear is None:
            with outages():
                self._ear = listen(SETTLED_WISHES)
            threading.Thread(target=self._watch, args=[self._ear], name="waiting: watch", daemon=True).start()

    def _watch(self, ear: Listener) -> None:
        """Goes on as long as somebody waits, or did just now."""
        looked = busy = time.monotonic()
        while True:
            words = {wish: held for wish, _, held in (word.partition(":") for word in ear.receive(_LOOK))}
            now = time.monotonic()
            with self._lock:
                everybody = now - looked >= _LOOK
                concerned = self._seated() if everybody else self._seated(map(bytes.fromhex, words))
                busy = now if self._seats else busy
                if now - busy >= _LINGER:
                    self._ear = None
                    break
            looked = now if everybody else looked
            self._settle(concerned, words)
        ear.close()
        connection.close()

    def _seated(self, wishes: Iterable[bytes] | None = None) -> list[_Seat]:
        chosen: Collection[bytes] = self._seats if wishes is None else list(wishes)
        return [seat for wish in chosen for seat in self._seats.get(wish, ())]

    def _settle(self, concerned: list[_Seat], words: dict[str, str]) -> None:
        held = {seat: words.get(wish_key(seat.asked.magnet).hex(), "") for seat in concerned}
        self._tell((seat, WishStatus(name, "held")) for seat, name in held.items() if name)
        # What the clerk has not written down yet is in no table.
        if rest := [seat for seat, name in held.items() if not name and seat.outcome]:
            with suppress(Unavailable), outages():
                self._tell(zip(rest, wish_statuses([seat.asked.magnet for seat in rest]), strict=True))
            close_old_connections()

    def _tell(self, news: Iterable[tuple[_Seat, WishStatus | Refusal]]) -> None:
        with self._lock:
            for seat, outcome in news:
                seat.tell(outcome)


def _noted(batch: Sequence[_Seat]) -> list[WishStatus | Refusal]:
    """What comes of each. If they are refused together, over the wish of one of them perhaps, each is tried alone."""
    refusal: Refusal
    try:
        return enqueue_requests([seat.asked for seat in batch])
    except (Unavailable, TooManyWishes) as refused:
        refusal = refused
    except Exception:  # else all who come from now on would wait for a clerk who is gone
        _log.exception("Wishes could not be noted")
        refusal = Unavailable("It cannot be looked for right now; please try again later.")
    return [refusal] if len(batch) == 1 else [outcome for seat in batch for outcome in _noted([seat])]


waiters = _Room()
