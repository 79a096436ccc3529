"""The one way out: the bytes of a stored torrent, from the storage or by a redirect to it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError

from archive.db.outages import outages
from archive.early_copies import read_early_copy
from archive.errors import NotHeld, Unavailable, refusal_code
from archive.metrics import BufferedCounter, retrievals
from archive.models import Torrent
from archive.store import get_storage, storage_key
from archive.takedowns.find_blocked import refuse_blocked
from metainfo.errors import Refusal
from metainfo.infohash import infohash_to_hex
from storage import LocalFile, ObjectNotFound, ObjectTooLarge

_log = logging.getLogger(__name__)
_held_count = retrievals.labels("held")
_repeat_count = BufferedCounter(_held_count)


class RetrievedTorrent(NamedTuple):
    """A torrent's bytes, and the infohash in hex that it is stored under.

    `etag` is a validator of exactly these bytes (RFC 9110), without quotes. `origin` is the file that they were read
    from, if it is on this machine.
    """

    infohash: str
    torrent: bytes
    etag: str
    origin: LocalFile | None = None


def retrieve(infohash: bytes) -> RetrievedTorrent:
    """The torrent that this v1, v2 or truncated v2 infohash means. Raises NotHeld, TakenDown, Unavailable.

    While the database cannot be reached, a torrent still comes out under the infohash that it is stored under. What
    is blocked does not: its object has been deleted.
    """
    with _counted_refusals():
        retrieved = _read_held(infohash)
    _held_count.inc()
    return retrieved


def read_local(infohash: bytes, max_bytes: int | None = None) -> RetrievedTorrent | None:
    """The torrent that is stored under this infohash on this machine's disk. The database is not asked.

    None if there is none, if it has more than `max_bytes`, or if the storage is on another machine: `retrieve` may
    still find it.
    """
    found = _read_object(infohash, max_bytes) if get_storage().local else None
    if found:
        _held_count.inc()
    return found


def retrieve_early(infohash: bytes) -> RetrievedTorrent | None:
    """The early copy of the torrent that is about to be stored under this infohash; None if there is none here.

    Raises TakenDown, Unavailable.
    """
    if (copy := read_early_copy(infohash)) is None:
        return None
    with _counted_refusals():
        refuse_blocked(copy.infohashes)
    _held_count.inc()
    return RetrievedTorrent(infohash_to_hex(infohash), copy.torrent, sha256(copy.torrent).hexdigest())


def count_repeat() -> None:
    """Count a torrent that was sent from a cache, and not read from the storage again."""
    _repeat_count.increment()


def redirect_url(infohash: bytes) -> str | None:
    """The URL at which the storage itself serves the torrent, or None if the settings do not want that.

    Raises as `retrieve`.
    """
    if get_storage().local:
        return None
    with outages():
        if link := get_storage().link(storage_key(_find_stored_under(infohash))):
            _held_count.inc()
        return link


@contextmanager
def _counted_refusals() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        retrievals.labels(refusal_code(type(refusal))).inc()
        raise


def _read_held(infohash: bytes) -> RetrievedTorrent:
    try:
        stored_under = _find_stored_under(infohash)
    except (DatabaseError, InterfaceError):
        if found := _read_object(infohash):
            return found
        with outages():  # which makes the error an Unavailable
            raise
    if found := _read_object(stored_under):
        return found
    shown = infohash_to_hex(stored_under)
    _log.error("%s is in the index, but not in the storage: upload it again, or run scrub", shown)
    raise Unavailable(f"{shown} is in the index, but its bytes are missing from the storage.")


def _find_stored_under(infohash: bytes) -> bytes:
    if stored_under := Torrent.objects.find_held([infohash]).get(infohash):
        return stored_under
    refuse_blocked([infohash])
    raise NotHeld(f"No torrent is stored under {infohash_to_hex(infohash)}.")


def _read_object(infohash: bytes, max_bytes: int | None = None) -> RetrievedTorrent | None:
    with outages():
        try:
            found = get_storage().get(storage_key(infohash), max_bytes)
        except (ObjectNotFound, ObjectTooLarge):
            return None
    return RetrievedTorrent(infohash_to_hex(infohash), *found)
