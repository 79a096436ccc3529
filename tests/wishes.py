"""What the tests of the queue of wishes share."""

import asyncio
import threading
from datetime import timedelta
from functools import cache

from archive.models import Wanted
from archive.queue.waiters import waiters
from archive.torrents.resolve import WishWait, resolve
from archive.torrents.retrieve import RetrievedTorrent
from metainfo.magnet import Magnet
from tests import make

TORRENT = make.v1(b"wanted")
HASH = make.infohashes(TORRENT)[0]
WISH = Magnet(HASH, trackers=("udp://one.example:1/announce",), peers=(("192.0.2.1", 1),))
ADDRESS, OTHER_ADDRESS = "198.51.100.1", "198.51.100.2"


def absent_magnets(count: int) -> list[Magnet]:
    """Links to torrents that no peer has."""
    return [Magnet(number.to_bytes(20, "big")) for number in range(count)]


def pass_time(delay: timedelta) -> None:
    """Move every wish so far into the past."""
    for row in Wanted.objects.all():
        row.next_try, row.asked_at, row.since = row.next_try - delay, row.asked_at - delay, row.since - delay
        row.tried_at = row.tried_at and row.tried_at - delay
        row.leased_until = row.leased_until and row.leased_until - delay
        row.save()


def resolve_and_wait(magnet: Magnet, address: str, seconds: float) -> RetrievedTorrent:
    """As a server does it: `resolve`, the wait that it asks for, and `resolve` again with the outcome."""
    try:
        return resolve(magnet, address, seconds)
    except WishWait as wait:
        outcome = asyncio.run_coroutine_threadsafe(wait.outcome(), _event_loop()).result()
    return resolve(magnet, address, seconds, outcome)


def close_waiters() -> None:
    """Else their connections would keep the database of a test from being deleted."""
    asyncio.run_coroutine_threadsafe(waiters.close(), _event_loop()).result()


@cache
def _event_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop
