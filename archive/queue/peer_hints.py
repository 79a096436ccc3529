"""Peers that magnet links name (`x.pe`), told to the resolvers beside the queue and never written down.

Through a pipe on SQLite, and as a notification on PostgreSQL. That keeps a long queue of them in files, and puts a
statement that was slow or failed into its log: so they are sealed, and only who has SECRET_KEY can read them.

A hint is lost on resolvers that do not listen yet, so it is told again and again for some minutes, by the process
that was asked for the torrent, for as long as that lives.
"""

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice

from cryptography.fernet import Fernet, InvalidToken
from django.db import connection
from django.utils.crypto import salted_hmac

from archive.db.notify import NEW_WISHES, notify_now
from archive.db.outages import outages
from archive.errors import Unavailable

Peers = tuple[tuple[str, int], ...]

_MOST = 20  # peers of one magnet link
_KNOWN = 40  # peers of one wish, if several ask for it
_KEPT = 5_000  # wishes whose peers a process remembers; the oldest are forgotten first
# Seconds from one time to the next: a resolver may just be starting, or have died with all that it was told; and who
# had not been there the first time may be there when it searches again.
REPEAT_DELAYS = (1, 1, 1, 1, 1, 2, 2, 4, 4, 8, 16, 30, 60, 60, 60)
_TICK = 0.2  # seconds
_AT_A_TICK = 100  # wishes, which are some 40 KB if each has its three or four peers: a pipe holds 64
_PAUSE = 5.0  # seconds, while the database is away


def send_peer_hints(hints: Iterable[tuple[bytes, Peers]]) -> None:
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
    sealed = ((names.hex(), _seal().encrypt(json.dumps(peers).encode())) for names, peers in hints.items())
    notify_now(NEW_WISHES, [f"{names}:{peers.decode()}" for names, peers in sealed])


@cache
def _seal() -> Fernet:
    return Fernet(urlsafe_b64encode(salted_hmac("archive.whispers", "", algorithm="sha256").digest()))


@dataclass(slots=True)
class _Hint:
    peers: Peers
    due: float
    gaps: Iterator[int]


class _Echo:
    """A thread tells it all again, and sleeps where there is nothing to tell."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._hints: dict[bytes, _Hint] = {}  # what has not been told for the longest time comes first
        self._thread = threading.Thread()  # none yet

    def keep(self, told: dict[bytes, Peers]) -> None:
        with self._news:
            for names, peers in told.items():
                before = self._hints.pop(names).peers if names in self._hints else ()
                self._put_off(names, _more(peers, before), iter(REPEAT_DELAYS))
            while len(self._hints) > _KEPT:
                del self._hints[next(iter(self._hints))]
            if self._hints and not self._thread.is_alive():
                self._thread = threading.Thread(target=self._repeat, name="whispers", daemon=True)
                self._thread.start()
            self._news.notify()

    def _put_off(self, names: bytes, peers: Peers, gaps: Iterator[int]) -> None:
        """Until its next time, if there is one."""
        if gap := next(gaps, None):
            self._hints[names] = _Hint(peers, time.monotonic() + gap, gaps)

    def _repeat(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._hints)
            time.sleep(_TICK)
            if due := self._due():
                try:
                    with outages():
                        _say(due)
                except Unavailable:
                    time.sleep(_PAUSE)
                connection.close()

    def _due(self) -> dict[bytes, Peers]:
        now = time.monotonic()
        with self._news:
            due = ((names, hint) for names, hint in self._hints.items() if hint.due <= now)
            some = dict(islice(due, _AT_A_TICK))
            for names, hint in some.items():
                del self._hints[names]
                self._put_off(names, hint.peers, hint.gaps)
        return {names: hint.peers for names, hint in some.items()}


_echo = _Echo()


class PeerHints:
    """What a resolver has been told, in its memory alone."""

    def __init__(self) -> None:
        self._peers: dict[bytes, set[tuple[str, int]]] = {}

    def receive(self, words: Iterable[str]) -> None:
        """What was sealed with another key, or broke off on the way, is as good as not heard."""
        for word in words:
            names, _, sealed = word.partition(":")
            with suppress(InvalidToken):
                told = json.loads(_seal().decrypt(sealed))
                self._remember(bytes.fromhex(names), {(host, port) for host, port in told})
        while len(self._peers) > _KEPT:
            del self._peers[next(iter(self._peers))]

    def _remember(self, wish: bytes, peers: set[tuple[str, int]]) -> None:
        both = peers | self._peers.pop(wish, set())
        self._peers[wish] = set(islice(both, _KNOWN))

    def take(self, names: bytes) -> set[tuple[str, int]]:
        return self._peers.pop(names, set())
