"""Insert the rows of new torrents, and say which of them were new."""

from collections.abc import Iterable, Sequence

from django.db import IntegrityError

from archive.db.sql import insert_rows
from archive.db.sqlite_writer_queue import write_lock
from archive.models import Torrent
from archive.models.infohash_sql import select_stored_under

_COLUMNS = ("v1", "v2", "name", "size", "files", "length", "digest", "complete", "words")
_ATTEMPTS = 5


def insert_torrents(rows: Iterable[Torrent]) -> set[bytes]:
    """Insert the rows, those of one infohash once, and return the infohashes that had no row before.

    The count of torrents rises by their number. The rows are inserted in the order of their infohashes, so that two
    batches at the same time cannot wait for each other.
    """
    new: dict[bytes, Torrent] = {}
    for row in sorted(rows, key=lambda row: (row.infohash, not row.complete)):
        new.setdefault(row.infohash, row)
    attempts = 0
    while new:
        try:
            _insert_all(list(new.values()))
            break
        except (
            IntegrityError
        ):  # another process inserted some of them first, which may be taken down again by now
            attempts += 1
            if attempts == _ATTEMPTS:
                raise
            for infohash in select_indexed(new):
                del new[infohash]
    return set(new)


def select_indexed(infohashes: Iterable[bytes]) -> list[bytes]:
    """Those of the infohashes that a torrent is stored under.

    A deposit asks this, and nearly always none is. The ORM would take ten times as long.
    """
    return [bytes(infohash) for (infohash,) in select_stored_under("coalesce(v1, v2)", infohashes)]


def _insert_all(rows: Sequence[Torrent]) -> None:
    with write_lock():
        insert_rows(
            "archive_torrent", _COLUMNS, [[getattr(row, column) for column in _COLUMNS] for row in rows]
        )
