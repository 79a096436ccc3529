"""Where requests wait until their wish is settled: asleep, woken by one thread, and never too many of them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from archive.wake import SETTLED, Ear, listen
from archive.wanted import still_open

_LOOK = 1.0  # seconds between two looks at the table, in case that a hint got lost


class NoSeat(Exception):
    """As many wait as may: the other threads are for those who work."""


class _Room:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seats: dict[int, set[threading.Event]] = {}
        self._ear: Ear | None = None

    @contextmanager
    def seat(self, wish: int) -> Iterator[threading.Event]:
        """An event that is set when the wish is met or missed. It may be so already: look before you sleep."""
        settled = threading.Event()
        with self._lock:
            if sum(map(len, self._seats.values())) >= settings.THREADS * 3 // 4:
                raise NoSeat
            if self._ear is None:
                self._ear = listen(SETTLED)
                threading.Thread(target=self._wake, args=[self._ear], name="waiting", daemon=True).start()
            self._seats.setdefault(wish, set()).add(settled)
        try:
            yield settled
        finally:
            with self._lock:
                self._seats[wish].discard(settled)
                if not self._seats[wish]:
                    del self._seats[wish]

    def _wake(self, ear: Ear) -> None:
        """Runs as long as somebody waits."""
        looked = time.monotonic()
        while seated := self._seated(ear):
            settled = {int(word) for word in ear.hear(_LOOK)}
            if time.monotonic() - looked >= _LOOK:
                settled |= seated - _open(seated)
                looked = time.monotonic()
            with self._lock:
                for event in {event for wish in settled for event in self._seats.get(wish, ())}:
                    event.set()

    def _seated(self, ear: Ear) -> set[int]:
        with self._lock:
            if not self._seats:
                ear.close()
                self._ear = None
            return set(self._seats)


def _open(wishes: set[int]) -> set[int]:
    try:
        return still_open(wishes)
    except (DatabaseError, InterfaceError):
        return wishes
    finally:
        connection.close()


room = _Room()
