"""Answers that lie ready in memory, up to so many bytes of them; the oldest makes room for the newest."""

import threading
from collections.abc import Callable
from typing import NamedTuple

_OVERHEAD = 2_500  # bytes: headers, names and what Python needs to hold an answer


class CachedResponse(NamedTuple):
    headers: list[tuple[str, str]]
    body: bytes
    is_current: Callable[[], bool]


class ResponseCache:
    def __init__(self, room: int) -> None:
        self._free = room
        self._lock = threading.Lock()
        self._ready: dict[tuple[str, str], CachedResponse] = {}
        self.get = self._ready.get

    def put(self, name: tuple[str, str], ready: CachedResponse) -> None:
        with self._lock:
            self._drop(name)
            self._free -= len(ready.body) + _OVERHEAD
            while self._free < 0 and self._ready:
                self._drop(next(iter(self._ready)))
            if self._free < 0:
                self._free += len(ready.body) + _OVERHEAD
            else:
                self._ready[name] = ready

    def _drop(self, name: tuple[str, str]) -> None:
        if ready := self._ready.pop(name, None):
            self._free += len(ready.body) + _OVERHEAD
