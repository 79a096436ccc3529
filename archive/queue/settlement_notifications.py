"""Notifications that wishes were settled: found, fulfilled or missed.

    deposit, resolver, operator            process with waiting requests (`waiters`)
    ---------------------------            -----------------------------------------
    1. changes or deletes the rows         listener = listen_for_settlements()
    2. notify_fulfilled / notify_missed
    3. commit ──► SETTLED_WISHES ────────► receive_settlements(listener): {wish key: infohash or ""}

A notification may get lost, so what waits looks at the table now and then, too. A
resolver that has found a torrent notifies of its early copy (`archive.early_copies`) before it stores it; for a
process that has the copy, the wish is settled then.

A payload is `WISH KEY:INFOHASH` for fulfilled, `WISH KEY` for missed, and `:WISH KEY:INFOHASH` for found. Processes
that run the code of before early copies take the last for a wish without a key, and ignore it.
"""

from collections.abc import Iterable, Mapping

from archive.db.notify import SETTLED_WISHES, Listener, listen, notify_now, notify_on_commit
from archive.db.outages import outages
from archive.early_copies import has_early_copy


def notify_fulfilled(torrents: Mapping[bytes, str]) -> None:
    """Notify, on commit, that these wishes were fulfilled: wish keys, and the infohash that each is stored under."""
    notify_on_commit(SETTLED_WISHES, [f"{wish.hex()}:{infohash}" for wish, infohash in torrents.items()])


def notify_missed(wish_keys: Iterable[bytes]) -> None:
    """Notify, on commit, that these wishes rest or were given up. For none, no notification is sent."""
    if payloads := [wish.hex() for wish in wish_keys]:
        notify_on_commit(SETTLED_WISHES, payloads)


def notify_found(torrents: Mapping[bytes, str]) -> None:
    """Notify at once that there are early copies for these wishes, which are given as for notify_fulfilled."""
    notify_now(SETTLED_WISHES, [f":{wish.hex()}:{infohash}" for wish, infohash in torrents.items()])


def listen_for_settlements() -> Listener:
    """What is notified from now on. Raises Unavailable."""
    with outages():
        return listen(SETTLED_WISHES)


def receive_settlements(listener: Listener) -> dict[bytes, str]:
    """What was notified since the last call: infohashes by wish key; "" where the wish was missed. Does not wait.

    Of the wishes that were found, those whose early copies this machine has.
    """
    settled: dict[bytes, str] = {}
    for payload in listener.receive(0):
        is_found = payload.startswith(":")
        wish, _, infohash = payload.removeprefix(":").partition(":")
        if not is_found or has_early_copy(bytes.fromhex(infohash)):
            settled[bytes.fromhex(wish)] = infohash
    return settled
