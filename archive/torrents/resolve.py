"""A torrent, even if it is not held yet: then the network is searched for it, and the caller waits a while."""

import math

from django.conf import settings

from archive.errors import StillWanted, TakenDown
from archive.queue.waiters import waiters
from archive.queue.wish_request import WishRequest
from archive.torrents.retrieve import RetrievedTorrent, read_local, retrieve
from metainfo.infohash import parse_infohash
from metainfo.magnet import Magnet

_LONGEST = 60.0  # seconds; what asks for more gets this


def parse_timeout(text: str) -> float:
    """How many seconds a request means by its `timeout`; where it says none, RESOLVE_TIMEOUT."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    return float(settings.RESOLVE_TIMEOUT) if math.isnan(seconds) else min(max(seconds, 0.0), _LONGEST)


def resolve(magnet: Magnet, asker: str, seconds: float) -> RetrievedTorrent:
    """What is held, at once; else what a resolver delivers within so many seconds; with 0 the wish is noted only.

    Raises StillWanted, which says when to ask again; TakenDown, TooManyWishes, Unavailable; NotHeld where the
    settings forbid to ask the network.
    """
    if found := read_local(magnet.infohash):
        return found
    if not settings.RESOLVE:
        return retrieve(magnet.infohash)
    standing = waiters.wait(WishRequest(magnet, asker, awaited=seconds > 0), seconds)
    if standing.state == "held":
        return read_local(parse_infohash(standing.infohash)) or retrieve(magnet.infohash)
    if standing.taken_down:
        raise TakenDown(standing.taken_down)
    why = standing.reason or "Nobody who has this torrent was found so far; we keep looking."
    raise StillWanted(why, standing.retry_after)
