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
    return open_storage(settings.STORAGE_URL, is_new_archive=_holds_nothing)


def _holds_nothing() -> bool:
    """Whoever holds torrents has a folder for them; an empty one is where their disk should be mounted."""
    connected = connection.connection is not None
    try:
        return not Torrent.objects.exists()
    finally:
        if not connected:  # the thread is a writer's, and goes
            connection.close()


def storage_key(infohash: bytes) -> str:
    """`<INFO_HASH>.torrent`: the public URL shape is also the object's name."""
    return f"{infohash_to_hex(infohash)}.torrent"


def read_verified(infohash: bytes) -> tuple[bytes, Metainfo] | None:
    """The torrent stored under this name and what it says; None where it is missing or hashes to another."""
    try:
        torrent = get_storage().get(storage_key(infohash)).data
        meta = parse_torrent(torrent, len(torrent))
    except (ObjectNotFound, Refusal):
        return None
    return (torrent, meta) if meta.infohash == infohash else None
