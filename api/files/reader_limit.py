"""How many may read finished files at once: each keeps a thread for as long as a film lasts."""

from collections import Counter
from collections.abc import Callable
from threading import Lock

from django.conf import settings

from archive.errors import TooManyReaders, Unavailable

MOST = max(settings.THREADS // 4, 1)  # in each process
_SOON = 30  # seconds


class Readers:
    def __init__(self, most: int) -> None:
        self._most, self._each = most, max(most // 4, 1)
        self._lock = Lock()
        self._reading: Counter[int] = Counter()

    def sit(self, key: int) -> Callable[[], None]:
        """Take a seat, and get what leaves it, to be called once. Raises TooManyReaders, Unavailable."""
        with self._lock:
            if self._reading[key] >= self._each:
                raise TooManyReaders(
                    f"With this key {self._each} files are being read already; please wait until one is done.",
                    _SOON,
                )
            if self._reading.total() >= self._most:
                raise Unavailable("As many files are being read as this server can; please try again soon.")
            self._reading[key] += 1

        def leave() -> None:
            with self._lock:
                self._reading[key] -= 1
                if not self._reading[key]:
                    del self._reading[key]

        return leave


readers = Readers(MOST)
