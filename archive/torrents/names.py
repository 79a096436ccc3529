"""The infohashes that one torrent goes by, so that whoever knows it by another can still be asked for it."""

from archive.db.outages import outages
from archive.models import Torrent


def find_infohashes(infohash: bytes) -> tuple[bytes, ...]:
    """All of the stored torrent that this one means, v1 first; of one that is not stored, this alone.

    Raises Unavailable.
    """
    with outages():
        row = Torrent.objects.find(infohash)
    return row.infohashes if row else (infohash,)
