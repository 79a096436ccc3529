"""The storage that the settings name, opened once, and what lies in it under an infohash."""

from functools import cache

from django.conf import settings
from django.db import connection

from archive.models import Torrent
from metainfo import Metainfo, parse_torrent
from metainfo.errors import Refusal
from metainfo.infohash import infohash_to_hex
from storage import ObjectNotFound, Storage, open_storage


@cache
def get_storage() -> Storage:
    """The storage of STORAGE_URL. Thread-safe; whether it can be reached shows when it is used."""
    return open_storage(settings.STORAGE_URL, is_new_archive=_is_index_empty)


def storage_key(infohash: bytes) -> str:
    """`<INFO_HASH>.torrent`: the last part of the public URL is also the name of the object."""
    return f"{infohash_to_hex(infohash)}.torrent"


def read_verified(infohash: bytes) -> tuple[bytes, Metainfo] | None:
    """The bytes stored under this infohash, and their meaning; None if there are none, or if they hash to another."""
    try:
        torrent = get_storage().get(storage_key(infohash)).data
        metainfo = parse_torrent(torrent, len(torrent))
    except (ObjectNotFound, Refusal):
        return None
    return (torrent, metainfo) if metainfo.infohash == infohash else None


def _is_index_empty() -> bool:
    """Whether the index has no torrent.

    If it has some and the folder for them is empty, that is the place where their disk should be mounted, and nothing
    may be written there.
    """
    was_connected = connection.connection is not None
    try:
        return not Torrent.objects.exists()
    finally:
        # The storage may ask in a thread that writes and then ends, whose connection would stay open.
        if not was_connected:
            connection.close()
