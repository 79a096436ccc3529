"""A cache of whole responses in memory, limited in bytes: the oldest responses make room for the newest.

Thread-safe: `put` takes a lock, and `get` is a dict's own.
"""

import threading
from collections.abc import Callable
from typing import NamedTuple

_OVERHEAD = 2_500  # bytes of headers, keys and what Python needs to hold one response

CacheKey = tuple[str, str]


class CachedResponse(NamedTuple):
    """`is_current` tells whether the response is still right, and is called before each use."""

    headers: list[tuple[str, str]]
    body: bytes
    is_current: Callable[[], bool]


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
