"""Peers that magnet links name (`x.pe`), told to the resolvers beside the queue and never written down.

Through a pipe on SQLite, and as a notification on PostgreSQL: that is in no table, no log of writes and no backup. It
is a hint: where no resolver listens it is lost, and whoever waits, or asks again, tells it again.
"""

import json
from collections.abc import Iterable

from archive.wake import WANTED, say

Peers = tuple[tuple[str, int], ...]

_MOST = 20  # peers of one wish
_KEPT = 10_000  # wishes: the oldest hints, of those that another resolver has searched for, say, go first


def tell(hints: Iterable[tuple[bytes, Peers]]) -> None:
    """By the names of the wish; the first time before it is written, so that who finds it has heard of its peers."""
    words = [
        f"{names.hex()}:{json.dumps(peers[:_MOST], separators=(',', ':'))}" for names, peers in hints if peers
    ]
    if words:
        say(WANTED, words)


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
