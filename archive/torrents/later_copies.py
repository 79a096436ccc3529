"""What a later copy of a stored torrent changes.

- The stored bytes are lost, or have no piece layers and the copy has them: the copy takes their place.
- Otherwise the trackers that only the copy names are noted beside the torrent, whose bytes stay.
"""

from collections.abc import Sequence

from django.db import transaction

from archive.models import Torrent, Tracker
from archive.store import get_storage, read_verified, storage_key
from archive.torrents.deposit_candidate import Candidate

_MAX_LATER_TRACKERS = 50  # of one torrent: more than an honest one has, too few for a flood


def add_later_copies(copies: Sequence[Candidate]) -> None:
    """Each copy has the infohash of a stored torrent and other bytes."""
    if not copies:
        return
    infohashes = {copy.infohash for copy in copies}
    stored = {row.infohash: row for row in Torrent.objects.stored_under(infohashes)}
    for copy in copies:
        if row := stored.get(copy.infohash):  # otherwise it has just been taken down
            _add_copy(row, copy)


def _add_copy(row: Torrent, copy: Candidate) -> None:
    stored = read_verified(row.infohash)
    adds_piece_layers = copy.row.complete and not row.complete and row.v2 == copy.row.v2
    if stored is None or adds_piece_layers:
        _replace_bytes(row, copy)
    else:
        _, stored_metainfo = stored
        _note_trackers(row, copy.trackers, stored_metainfo.trackers)


def _replace_bytes(row: Torrent, copy: Candidate) -> None:
    get_storage().put(storage_key(row.infohash), copy.torrent, replace=True)
    # The row itself changes too, since the next copy is compared with it.
    row.length, row.digest, row.complete = copy.row.length, copy.row.digest, copy.row.complete
    Torrent.objects.filter(pk=row.pk).update(length=row.length, digest=row.digest, complete=row.complete)


def _note_trackers(row: Torrent, trackers: Sequence[str], stored: Sequence[str]) -> None:
    with transaction.atomic():
        noted = set(Tracker.objects.filter(torrent=row).values_list("url", flat=True))
        new = [url for url in trackers if url not in noted and url not in stored]
        places_left = max(0, _MAX_LATER_TRACKERS - len(noted))
        Tracker.objects.bulk_create(
            [Tracker(torrent=row, url=url) for url in new[:places_left]], ignore_conflicts=True
        )
