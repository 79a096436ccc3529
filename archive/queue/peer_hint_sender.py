"""Sends peer hints to the resolvers, once before the wish is written and then again and again for some minutes.

    thread of a request                       thread "peer hints", one a process
    -------------------                       ----------------------------------
    1. send_peer_hints: notifies now          3. every 0.2 s: notifies again those that are due
    2. keeps them for step 3 ──► _hints ──►   4. after the last of REPEAT_DELAYS a hint is forgotten
    3. writes the row of the wish

A notification is lost on a resolver that does not listen yet, or dies with all that it received; and a peer that was
not reachable during the first search may be so during the next. So hints are repeated as long as this process lives.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.db import connection

from archive.db.notify import NEW_WISHES, notify_now
from archive.db.outages import outages
from archive.errors import Unavailable
from archive.queue.received_peer_hints import MAX_WISHES, Peers, merge_peers, seal_peers

REPEAT_DELAYS = (1, 1, 1, 1, 1, 2, 2, 4, 4, 8, 16, 30, 60, 60, 60)  # seconds from one time to the next

_TICK = 0.2  # seconds
_MAX_HINTS_PER_TICK = 100  # some 40 KB if each has its three or four peers: a pipe holds 64 KB
_PAUSE = 5.0  # seconds, while the database is away


def send_peer_hints(hints: Iterable[tuple[bytes, Peers]]) -> None:
    """Send, and repeat, the peers of these wishes, by wish key. To be called before the wishes are written.

    So a resolver that finds a wish has received its peers.
    """
    merged: dict[bytes, Peers] = {}
    for wish_key, peers in hints:
        if peers:
            merged[wish_key] = merge_peers(peers, merged.get(wish_key, ()))
    if merged:
        _notify_resolvers(merged)
        _repeater.add(merged)


def _notify_resolvers(hints: dict[bytes, Peers]) -> None:
    notify_now(NEW_WISHES, [seal_peers(wish_key, peers) for wish_key, peers in hints.items()])


@dataclass(slots=True)
class _Hint:
    peers: Peers
    due: float  # time.monotonic()
    delays: Iterator[int]  # those that are left


class _Repeater:
    """Thread-safe. Its thread starts with the first hint, and sleeps where there is nothing to repeat."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._hints: dict[bytes, _Hint] = {}  # by wish key; what was sent the longest time ago comes first
        self._thread: threading.Thread | None = None

    def add(self, hints: dict[bytes, Peers]) -> None:
        with self._changed:
            for wish_key, peers in hints.items():
                known = self._hints.pop(wish_key).peers if wish_key in self._hints else ()
                self._schedule_next(wish_key, merge_peers(peers, known), iter(REPEAT_DELAYS))
            while len(self._hints) > MAX_WISHES:
                del self._hints[next(iter(self._hints))]
            if self._hints and not (self._thread and self._thread.is_alive()):  # as after a fork
                self._thread = threading.Thread(target=self._run, name="peer hints", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _schedule_next(self, wish_key: bytes, peers: Peers, delays: Iterator[int]) -> None:
        """For the next of the delays; after the last the hint is forgotten."""
        if delay := next(delays, None):
            self._hints[wish_key] = _Hint(peers, time.monotonic() + delay, delays)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._hints)
            time.sleep(_TICK)
            if due := self._take_due():
                try:
                    with outages():
                        _notify_resolvers(due)
                except Unavailable:
                    time.sleep(_PAUSE)
                connection.close()

    def _take_due(self) -> dict[bytes, Peers]:
        now = time.monotonic()
        with self._changed:
            all_due = ((wish_key, hint) for wish_key, hint in self._hints.items() if hint.due <= now)
            due = dict(islice(all_due, _MAX_HINTS_PER_TICK))
            for wish_key, hint in due.items():
                del self._hints[wish_key]
                self._schedule_next(wish_key, hint.peers, hint.delays)
        return {wish_key: hint.peers for wish_key, hint in due.items()}


_repeater = _Repeater()
