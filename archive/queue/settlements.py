"""Notifications that wishes were settled, fulfilled or missed: how they are sent, and a thread that listens for them.

    deposit, resolver, operator            process with waiting requests
    ---------------------------            -----------------------------
    1. changes or deletes the rows         SettlementListener.start()
    2. notify_fulfilled / notify_missed    thread: a. receives, for a second at most
    3. commit ──► SETTLED_WISHES ────────►         b. on_settled({wish key: infohash or ""}, recheck)
                                                   c. ends after LINGER seconds in which nothing waits

A notification may get lost, so once a second `recheck` is true: then everything that waits is to be looked up.
"""

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Protocol

from django.db import connections

from archive.db.notify import SETTLED_WISHES, Listener, listen, notify_on_commit
from archive.db.outages import outages

_log = logging.getLogger(__name__)
_RECHECK = 1.0  # seconds
LINGER = 5.0  # seconds; requests that come meanwhile need not wait for a thread and its connections


def notify_fulfilled(torrents: Mapping[bytes, str]) -> None:
    """Notify, on commit, that these wishes were fulfilled: wish keys, and the infohash that each is stored under."""
    notify_on_commit(SETTLED_WISHES, [f"{wish.hex()}:{infohash}" for wish, infohash in torrents.items()])


def notify_missed(wish_keys: Iterable[bytes]) -> None:
    """Notify, on commit, that these wishes rest or were given up. For none, no notification is sent."""
    if payloads := [wish.hex() for wish in wish_keys]:
        notify_on_commit(SETTLED_WISHES, payloads)


class OnSettled(Protocol):
    def __call__(self, settled: Mapping[bytes, str], *, recheck: bool) -> bool:
        """Take note of settled wishes; return whether any request waits at the end of the call. Must not raise."""


class SettlementListener:
    """Thread-safe. One thread and one listener, while they are needed and a little longer."""

    def __init__(self, on_settled: OnSettled, linger: float = LINGER) -> None:
        self._on_settled, self._linger = on_settled, linger
        self._lock = threading.Lock()
        self._is_running = False
        self._needed_at = 0.0

    def start(self) -> None:
        """When this returns, no notification is missed for `linger` seconds. Raises Unavailable."""
        with self._lock:
            self._needed_at = time.monotonic()
            if self._is_running:
                return
            with outages():
                listener = listen(SETTLED_WISHES)
            self._is_running = True
        threading.Thread(target=self._run, args=[listener], name="settlements", daemon=True).start()

    def _run(self, listener: Listener) -> None:
        try:
            self._listen(listener)
        except Exception:
            _log.exception("The listener for settled wishes ended")
            with self._lock:
                self._is_running = False  # so that the next request that waits starts another
        finally:
            listener.close()
            connections.close_all()

    def _listen(self, listener: Listener) -> None:
        rechecked = time.monotonic()
        while self._go_on():
            settled = _parse_payloads(listener.receive(_RECHECK))
            now = time.monotonic()
            recheck = now - rechecked >= _RECHECK
            rechecked = now if recheck else rechecked
            if self._on_settled(settled, recheck=recheck):
                self._needed_at = time.monotonic()

    def _go_on(self) -> bool:
        with self._lock:
            self._is_running = time.monotonic() - self._needed_at < self._linger
            return self._is_running


def _parse_payloads(payloads: Iterable[str]) -> dict[bytes, str]:
    """Infohashes by wish key; "" where the wish was missed."""
    parts = (payload.partition(":") for payload in payloads)
    return {bytes.fromhex(wish): infohash for wish, _, infohash in parts}
