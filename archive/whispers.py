"""Peers that magnet links name (`x.pe`), told to the resolvers beside the queue and never written down.

Through a pipe on SQLite, and as a notification on PostgreSQL: that is in no table, no log of writes and no backup. It
is lost on resolvers that do not listen yet, so it is told again and again for some minutes, by the process that was
asked for the torrent, for as long as that lives.
"""

import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from django.db import connection

from archive.errors import Unavailable
from archive.outage import outages
from archive.wake import WANTED, say

Peers = tuple[tuple[str, int], ...]

_MOST = 20  # peers of one magnet link
_KNOWN = 40  # peers of one wish, if several ask for it
_KEPT = 10_000  # wishes: the oldest hints, of those that another resolver has searched for, say, go first
# Seconds from one time to the next: a resolver may just be starting, or have died with all that it was told; and who
# had not been there the first time may be there when it searches again.
_AGAIN = (1, 1, 1, 1, 1, 2, 2, 4, 4, 8, 16, 30, 60, 60, 60)
_TICK = 0.2  # seconds
_AT_A_TICK = 200  # wishes, which are some 40 KB if each has its three or four peers: a pipe holds 64


def tell(hints: Iterable[tuple[bytes, Peers]]) -> None:
    """By the names of the wish; the first time before it is written, so that who finds it has heard of its peers."""
    known: dict[bytes, Peers] = {}
    for names, peers in hints:
        if peers:
            known[names] = _more(peers, known.get(names, ()))
    if known:
        _say(known)
        _echo.keep(known)


def _more(peers: Peers, known: Peers) -> Peers:
    return tuple(dict.fromkeys((*peers[:_MOST], *known)))[:_KNOWN]


def _say(hints: dict[bytes, Peers]) -> None:
    told = ((names.hex(), json.dumps(peers, separators=(",", ":"))) for names, peers in hints.items())
    say(WANTED, [":".join(each) for each in told])


@dataclass(slots=True)
class _Hint:
    peers: Peers
    due: float
    gaps: Iterator[int] = field(default_factory=lambda: iter(_AGAIN))

    def put_off(self) -> bool:
        """Whether it is to be told once more."""
        gap = next(self.gaps, None)
        self.due += gap or 0
        return gap is not None


class _Echo:
    """A thread tells it all again, and goes home when there is nothing left to tell."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hints: dict[bytes, _Hint] = {}
        self._at_work = False

    def keep(self, told: dict[bytes, Peers]) -> None:
        with self._lock:
            for names, peers in told.items():
                before = self._hints.pop(names).peers if names in self._hints else ()
                hint = _Hint(_more(peers, before), time.monotonic())
                if hint.put_off():
                    self._hints[names] = hint
            while len(self._hints) > _KEPT:
                del self._hints[next(iter(self._hints))]
            if self._hints and not self._at_work:
                self._at_work = True
                threading.Thread(target=self._repeat, name="whispers", daemon=True).start()

    def _repeat(self) -> None:
        while self._is_anything_left():
            time.sleep(_TICK)
            if due := self._due():
                with suppress(Unavailable), outages():
                    _say(due)
                connection.close()

    def _is_anything_left(self) -> bool:
        with self._lock:
            self._at_work = bool(self._hints)
            return self._at_work

    def _due(self) -> dict[bytes, Peers]:
        now = time.monotonic()
        with self._lock:
            due = dict(
                islice(((names, one) for names, one in self._hints.items() if one.due <= now), _AT_A_TICK)
            )
            for names, hint in due.items():
                if not hint.put_off():
                    del self._hints[names]
        return {names: hint.peers for names, hint in due.items()}


_echo = _Echo()


class Whispers:
    """What a resolver has been told, in its memory alone."""

    def __init__(self) -> None:
        self._peers: dict[bytes, set[tuple[str, int]]] = {}

    def hear(self, words: Iterable[str]) -> None:
        for word in words:
            names, _, told = word.partition(":")
            wish = bytes.fromhex(names)
            self._peers[wish] = self._peers.pop(wish, set()) | {
                (host, port) for host, port in json.loads(told)
            }
        while len(self._peers) > _KEPT:
            del self._peers[next(iter(self._peers))]

    def take(self, names: bytes) -> set[tuple[str, int]]:
        return self._peers.pop(names, set())
