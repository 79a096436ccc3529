"""Retrieve a torrent even if it is not held yet: search the BitTorrent network for it, and wait a while."""

import math

from django.conf import settings

from archive.errors import StillWanted, TakenDown
from archive.queue.waiters import waiters
from archive.queue.wish_request import WishRequest
from archive.queue.wish_status import WishStatus
from archive.torrents.retrieve import RetrievedTorrent, read_local, retrieve, retrieve_early
from metainfo.errors import Refusal
from metainfo.infohash import parse_infohash
from metainfo.magnet import Magnet
from server.wait import Wait

_MAX_TIMEOUT = 60.0  # seconds


def parse_timeout(text: str) -> float:
    """The seconds that a request's parameter `timeout` asks for, from 0 to 60; RESOLVE_TIMEOUT if it is no number."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    return float(settings.RESOLVE_TIMEOUT) if math.isnan(seconds) else min(max(seconds, 0.0), _MAX_TIMEOUT)


class WishWait(Wait):
    """A request that has to wait for its wish. The outcome is a WishStatus, or a Refusal that the wish met with."""

    def __init__(self, request: WishRequest, seconds: float) -> None:
        super().__init__(request, seconds)
        self._request, self._seconds = request, seconds

    async def outcome(self) -> WishStatus | Refusal:
        try:
            return await waiters.wait(self._request, self._seconds)
        except Refusal as refusal:
            return refusal


def resolve(
    magnet: Magnet, address: str, seconds: float, outcome: WishStatus | Refusal | None = None
) -> RetrievedTorrent:
    """The torrent if it is held, else what a resolver delivers within so many seconds, perhaps not stored yet.

    For one that is not held it is called twice: the first call raises a WishWait, the second is given the `outcome`
    of that. With 0 seconds the wish is enqueued, and the outcome is its status then. `address`: the client's.

    Raises WishWait; StillWanted, which says when to ask again; TakenDown, TooManyWishes, Unavailable; NotHeld where
    the settings forbid to ask the network.
    """
    if found := read_local(magnet.infohash):
        return found
    if not settings.RESOLVE:
        return retrieve(magnet.infohash)
    if found := retrieve_early(magnet.infohash):
        return found
    if outcome is None:
        raise WishWait(WishRequest(magnet, address, awaited=seconds > 0), seconds)
    if isinstance(outcome, Refusal):
        raise outcome
    if outcome.state == "held":
        infohash = parse_infohash(outcome.infohash)
        return retrieve_early(infohash) or read_local(infohash) or retrieve(magnet.infohash)
    if outcome.taken_down:
        raise TakenDown(outcome.taken_down)
    reason = outcome.reason or "Nobody who has this torrent was found so far; we keep looking."
    raise StillWanted(reason, outcome.retry_after)
