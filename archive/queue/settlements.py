"""Notifications that wishes were settled: fulfilled or missed.

    deposit, resolver, operator            process with waiting requests (`waiters`)
    ---------------------------            -----------------------------------------
    1. changes or deletes the rows         listener = listen_for_settlements()
    2. notify_fulfilled / notify_missed
    3. commit ──► SETTLED_WISHES ────────► receive_settlements(listener): {wish key: infohash or ""}

A notification may get lost, so what waits looks at the table now and then, too.
"""

from collections.abc import Iterable, Mapping

from archive.db.notify import SETTLED_WISHES, Listener, listen, notify_on_commit
from archive.db.outages import outages


def notify_fulfilled(torrents: Mapping[bytes, str]) -> None:
    """Notify, on commit, that these wishes were fulfilled: wish keys, and the infohash that each is stored under."""
    notify_on_commit(SETTLED_WISHES, [f"{wish.hex()}:{infohash}" for wish, infohash in torrents.items()])


def notify_missed(wish_keys: Iterable[bytes]) -> None:
    """Notify, on commit, that these wishes rest or were given up. For none, no notification is sent."""
    if payloads := [wish.hex() for wish in wish_keys]:
        notify_on_commit(SETTLED_WISHES, payloads)


def listen_for_settlements() -> Listener:
    """What is notified from now on. Raises Unavailable."""
    with outages():
        return listen(SETTLED_WISHES)


def receive_settlements(listener: Listener) -> dict[bytes, str]:
    """What was notified since the last call: infohashes by wish key; "" where the wish was missed. Does not wait."""
    parts = (payload.partition(":") for payload in listener.receive(0))
    return {bytes.fromhex(wish): infohash for wish, _, infohash in parts}
