"""Retrieve a torrent even if it is not held yet: search the BitTorrent network for it, and wait a while."""

import math

from django.conf import settings

from archive.errors import StillWanted, TakenDown
from archive.queue.waiters import waiters
from archive.queue.wish_request import WishRequest
from archive.torrents.retrieve import RetrievedTorrent, read_local, retrieve
from metainfo.infohash import parse_infohash
from metainfo.magnet import Magnet

_MAX_TIMEOUT = 60.0  # seconds


def parse_timeout(text: str) -> float:
    """The seconds that a request's parameter `timeout` asks for, from 0 to 60; RESOLVE_TIMEOUT if it is no number."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    return float(settings.RESOLVE_TIMEOUT) if math.isnan(seconds) else min(max(seconds, 0.0), _MAX_TIMEOUT)


def resolve(magnet: Magnet, asker: str, seconds: float) -> RetrievedTorrent:
    """The torrent at once if it is held, otherwise as soon as a resolver has found it within so many seconds.

    With 0 seconds the wish is enqueued and not waited for. `asker` is the address of the request, which has a quota.
    Raises StillWanted, which says when to ask again; TakenDown, TooManyWishes, Unavailable; NotHeld if the settings
    do not allow to search the network.
    """
    if found := read_local(magnet.infohash):
        return found
    if not settings.RESOLVE:
        return retrieve(magnet.infohash)
    status = waiters.wait(WishRequest(magnet, asker, awaited=seconds > 0), seconds)
    if status.state == "held":
        return read_local(parse_infohash(status.infohash)) or retrieve(magnet.infohash)
    if status.taken_down:
        raise TakenDown(status.taken_down)
    reason = status.reason or "Nobody who has this torrent was found so far; we keep looking."
    raise StillWanted(reason, status.retry_after)
