"""Peers that magnet links name (`x.pe`), on their way to the resolvers: beside the queue, and never written down.

    request ──► send_peer_hints (`peer_hint_sender`) ──► NEW_WISHES, sealed ──► resolver: PeerHints.receive, take

On SQLite they go through a pipe, on PostgreSQL as a notification. PostgreSQL keeps a long queue of those in files,
and puts a statement that was slow or failed into its log: so hints are sealed with a key derived from SECRET_KEY.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from itertools import islice

from cryptography.fernet import Fernet, InvalidToken
from django.utils.crypto import salted_hmac

Peers = tuple[tuple[str, int], ...]  # host and port

MAX_PEERS_OF_LINK = 20
MAX_PEERS_OF_WISH = 40  # if several requests name some
MAX_WISHES = 5_000  # whose peers a process remembers; the oldest are forgotten first


def seal_peers(wish_key: bytes, peers: Peers) -> str:
    """The payload of a notification: `WISH KEY IN HEX:SEALED PEERS`."""
    return f"{wish_key.hex()}:{_hint_cipher().encrypt(json.dumps(peers).encode()).decode()}"


def merge_peers(peers: Peers, known: Peers) -> Peers:
    """Those of a link in front of those known before, each once, within both limits."""
    return tuple(dict.fromkeys((*peers[:MAX_PEERS_OF_LINK], *known)))[:MAX_PEERS_OF_WISH]


class PeerHints:
    """What a resolver received, in its memory alone. Belongs to one thread."""

    def __init__(self, max_wishes: int = MAX_WISHES) -> None:
        self._max_wishes = max_wishes
        self._peers: dict[bytes, set[tuple[str, int]]] = {}  # by wish key; the oldest come first

    def receive(self, payloads: Iterable[str]) -> None:
        """Remember the peers. Payloads that were sealed with another key, or broke off on the way, are ignored."""
        for payload in payloads:
            wish_key, _, sealed = payload.partition(":")
            with suppress(InvalidToken):
                peers = json.loads(_hint_cipher().decrypt(sealed))
                self._remember_peers(bytes.fromhex(wish_key), {(host, port) for host, port in peers})
        while len(self._peers) > self._max_wishes:
            del self._peers[next(iter(self._peers))]

    def take(self, wish_key: bytes) -> set[tuple[str, int]]:
        """The peers received for this wish since the last call."""
        return self._peers.pop(wish_key, set())

    def _remember_peers(self, wish_key: bytes, peers: set[tuple[str, int]]) -> None:
        both = peers | self._peers.pop(wish_key, set())
        self._peers[wish_key] = set(islice(both, MAX_PEERS_OF_WISH))


@cache
def _hint_cipher() -> Fernet:
    # The salt's value is older than this module's name: other processes may still run the code of before.
    return Fernet(urlsafe_b64encode(salted_hmac("archive.whispers", "", algorithm="sha256").digest()))
