"""Which of many infohashes are held, and the other infohashes of a torrent that is."""

from collections.abc import Iterable

from archive.db.outages import outages
from archive.models import Torrent


def find_held(infohashes: Iterable[bytes]) -> dict[bytes, bytes]:
    """Those of the infohashes (v1, v2 or truncated v2) that are held, each with the one it is stored under.

    Raises Unavailable.
    """
    with outages():
        return Torrent.objects.find_held(infohashes)


def look_up_infohashes(infohash: bytes) -> tuple[bytes, ...]:
    """All infohashes of the stored torrent that this one means, v1 first; only this one if none is stored.

    A torrent client may know the torrent by another of them. Raises Unavailable.
    """
    with outages():
        torrent = Torrent.objects.find(infohash)
    return torrent.infohashes if torrent else (infohash,)
