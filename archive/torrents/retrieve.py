"""The one way out."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError

import storage
from archive.db.outages import outages
from archive.errors import NotHeld, TakenDown, Unavailable, refusal_code
from archive.metrics import BufferedCounter, retrievals
from archive.models import Torrent
from archive.store import get_storage, storage_key
from archive.takedowns.takedown import find_blocked
from metainfo.errors import Refusal
from metainfo.infohash import infohash_to_hex
from storage import LocalFile

_log = logging.getLogger(__name__)
_held = retrievals.labels("held")
_again = BufferedCounter(_held)


class RetrievedTorrent(NamedTuple):
    """A torrent's bytes. `etag` is a validator of exactly these (RFC 9110), without quotes."""

    infohash: str
    torrent: bytes
    etag: str
    origin: LocalFile | None = None


def retrieve(infohash: bytes) -> RetrievedTorrent:
    """The torrent that any of its infohashes names: v1, v2 or truncated v2.

    While the index is away, what lies in the storage under this very name still comes out: what is blocked does
    not lie there any more. Raises NotHeld, TakenDown, Unavailable.
    """
    with _counted():
        return _retrieve(infohash)


def _retrieve(infohash: bytes) -> RetrievedTorrent:
    try:
        held = _locate(infohash)
    except (DatabaseError, InterfaceError):
        if at_hand := _fetch(infohash):
            return at_hand
        with outages():
            raise
    if found := _fetch(held):
        return found
    _log.error(
        "%s is in the index, but not in the storage: upload it again, or run scrub", infohash_to_hex(held)
    )
    raise Unavailable(f"{infohash_to_hex(held)} is in the index, but its bytes are missing from the storage.")


def read_local(infohash: bytes, most: int | None = None) -> RetrievedTorrent | None:
    """What lies on this machine's disk under this very name; None says nothing. Never asks the index.

    What has more than `most` bytes stays there, as if it were elsewhere.
    """
    found = _fetch(infohash, most) if get_storage().local else None
    if found:
        _held.inc()
    return found


def count_repeat() -> None:
    """What at_hand once found has been handed out once more, out of somebody's memory."""
    _again.note()


def redirect_url(infohash: bytes) -> str | None:
    """A URL at which the storage itself hands the torrent out, where the settings want that. Raises as retrieve."""
    if get_storage().local:
        return None
    with outages():
        if link := get_storage().link(storage_key(_locate(infohash))):
            _held.inc()
        return link


@contextmanager
def _counted() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        retrievals.labels(refusal_code(type(refusal))).inc()
        raise
    _held.inc()


def _locate(infohash: bytes) -> bytes:
    if held := Torrent.objects.find_held([infohash]).get(infohash):
        return held
    if reason := find_blocked([infohash]).get(infohash):
        raise TakenDown(reason)
    raise NotHeld(f"No torrent is stored under {infohash_to_hex(infohash)}.")


def _fetch(name: bytes, most: int | None = None) -> RetrievedTorrent | None:
    with outages():
        try:
            return RetrievedTorrent(infohash_to_hex(name), *get_storage().get(storage_key(name), most))
        except (storage.ObjectNotFound, storage.ObjectTooLarge):
            return None
