"""How many connections may read finished files at once, in all and with one key.

A film is read for hours. The limits keep one key from taking all descriptors and the whole network.
"""

from collections import Counter
from collections.abc import Callable
from threading import Lock

from archive.errors import TooManyReaders, Unavailable

READERS = 128  # in each process; a quarter of them with one key
_RETRY_AFTER = 30  # seconds


class ReaderLimit:
    """May be used by several threads."""

    def __init__(self, most: int) -> None:
        self._most, self._most_of_key = most, most // 4
        self._lock = Lock()
        self._readers: Counter[int] = Counter()  # by the id of their key

    def begin_reading(self, key_id: int) -> Callable[[], None]:
        """Count a reader, and return what ends it, to be called once. Raises TooManyReaders, Unavailable."""
        with self._lock:
            if self._readers[key_id] >= self._most_of_key:
                raise TooManyReaders(
                    f"With this key {self._most_of_key} files are being read already; "
                    "please wait until one is done.",
                    _RETRY_AFTER,
                )
            if self._readers.total() >= self._most:
                raise Unavailable("As many files are being read as this server can; please try again soon.")
            self._readers[key_id] += 1

        def end_reading() -> None:
            with self._lock:
                self._readers[key_id] -= 1
                if not self._readers[key_id]:
                    del self._readers[key_id]

        return end_reading


reader_limit = ReaderLimit(READERS)
