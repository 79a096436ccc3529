"""Fulfils wishes: a deposited torrent takes the wishes for it out of the queue and wakes the waiting requests."""

from collections.abc import Iterable

from django.db import connection

from archive.db.async_commit import async_commit
from archive.db.sql import placeholders
from archive.models import Torrent
from archive.queue.settlement_notifications import notify_fulfilled
from metainfo.infohash import infohash_to_hex, truncate_infohash

# Every deposit asks this, nearly always in vain; the ORM takes several times as long.
_FIND_WISHES = "SELECT id, names, v1, v2 FROM archive_wanted WHERE v1 IN ({}) OR v2 IN ({})"
_DELETE_WISHES = "DELETE FROM archive_wanted WHERE id IN ({})"


def fulfil_wishes(complete: Iterable[Torrent], incomplete: Iterable[Torrent] = ()) -> None:
    """To be called when these torrents are held. The wish for an incomplete one stays, for its piece layers' sake."""
    fulfilled, row_ids = _find_wishes(complete)
    notified = {**fulfilled, **_find_wishes(incomplete)[0]}
    if not notified:
        return
    with async_commit():
        if row_ids:
            with connection.cursor() as cursor:
                cursor.execute(_DELETE_WISHES.format(placeholders(row_ids)), row_ids)
        notify_fulfilled(notified)


def _find_wishes(torrents: Iterable[Torrent]) -> tuple[dict[bytes, str], list[int]]:
    """The wishes for these: by wish key, the infohash that the torrent is stored under; and the rows' ids."""
    stored_under = {
        infohash: row.infohash
        for row in torrents
        for whole in row.infohashes
        for infohash in (whole, truncate_infohash(whole))
    }
    if not stored_under:
        return {}, []
    v1s = [infohash for infohash in stored_under if len(infohash) == 20]
    v2s = [infohash for infohash in stored_under if len(infohash) == 32]
    with connection.cursor() as cursor:
        cursor.execute(_FIND_WISHES.format(placeholders(v1s), placeholders(v2s)), [*v1s, *v2s])
        rows = cursor.fetchall()
    infohashes = {
        bytes(wish): infohash_to_hex(stored_under.get(bytes(v1 or b"")) or stored_under[bytes(v2)])
        for _, wish, v1, v2 in rows
    }
    return infohashes, [row_id for row_id, *_ in rows]
