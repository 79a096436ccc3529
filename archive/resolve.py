"""A torrent, even if it is not held yet: then the network is searched for it, and the caller waits a while."""

from contextlib import suppress

from django.conf import settings

from archive.errors import NotHeld, StillWanted
from archive.magnet import Magnet
from archive.outage import outages
from archive.retrieve import Retrieved, retrieve
from archive.turns import aside
from archive.waiting import NoSeat, room
from archive.wanted import still_open, want


def resolve(magnet: Magnet, asker: str, seconds: float) -> Retrieved:
    """What is held, at once; else what a resolver delivers within so many seconds; with 0 the wish is noted only.

    Raises StillWanted, which says when to ask again; TakenDown, TooManyWishes, Unavailable; NotHeld where the
    settings forbid to ask the network.
    """
    try:
        return retrieve(magnet.infohash)
    except NotHeld:
        if not settings.RESOLVE:
            raise
    [standing] = want([magnet], asker, awaited=seconds > 0)
    if standing.searching and seconds:
        with suppress(NoSeat):
            _wait(standing.wish, seconds)
            [standing] = want([magnet], "")
    if standing.state == "held":
        return retrieve(magnet.infohash)
    why = standing.reason or "Nobody who has this torrent was found so far; we keep looking."
    raise StillWanted(why, standing.retry_after)


def _wait(wish: int, seconds: float) -> None:
    with outages(), room.seat(wish) as settled:
        if still_open([wish]):  # it may have been settled before we sat down
            with aside():
                settled.wait(seconds)
