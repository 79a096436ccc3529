"""A cache of whole responses in memory, limited in bytes: the oldest responses make room for the newest.

Thread-safe: `put` takes a lock, and `get` is a dict's own.
"""

import threading
from typing import BinaryIO, NamedTuple, Protocol

_OVERHEAD = 2_500  # bytes of headers, keys and what Python needs to hold one response

CacheKey = tuple[str, str]


class LocalFile(Protocol):
    """A file on this machine's disk, as it was when it was read (`storage` has the like)."""

    def is_current(self) -> bool: ...

    def open_file(self) -> BinaryIO | None: ...


class CachedResponse(NamedTuple):
    """`file` is what the response was made of: while it is current, the response is right.

    Without `body` the response is the file itself.
    """

    headers: list[tuple[str, str]]
    file: LocalFile
    body: bytes = b""


class ResponseCache:
    """`size`: bytes that all responses may take together, `_OVERHEAD` for each included."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._lock = threading.Lock()
        self._responses: dict[CacheKey, CachedResponse] = {}
        self.get = self._responses.get

    def put(self, key: CacheKey, response: CachedResponse) -> None:
        """Keep the response, unless it alone is larger than the cache."""
        size = len(response.body) + _OVERHEAD
        with self._lock:
            self._drop_response(key)
            self._free -= size
            while self._free < 0 and self._responses:
                self._drop_response(next(iter(self._responses)))
            if self._free < 0:
                self._free += size
            else:
                self._responses[key] = response

    def _drop_response(self, key: CacheKey) -> None:
        if response := self._responses.pop(key, None):
            self._free += len(response.body) + _OVERHEAD
