"""The files of a torrent as TorBox lists them. An id is a file's place in the torrent, pad files left out."""

import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.conf import settings

from api.files.kind import media_type
from archive.infohash import parse
from archive.metainfo import Reading
from archive.retrieve import retrieve

MOST = 10_000  # in one answer
_READ = 50_000_000  # bytes of torrents, for one answer
_SECONDS = 0.5  # of work, for one answer: a torrent may have 200,000 pad files, which are read and not listed
_FEW, _KEPT = 50, 2_000  # clients ask for whole lists all the time: torrents of few files are read once

_recent: dict[str, list[tuple[str, int]]] = {}  # an infohash never stands for other files


def paths(reading: Reading) -> Iterator[tuple[str, int]]:
    """As `Folder/File`, or just the name of a single file; and the bytes of each. No more than MOST."""
    name = reading.metainfo.name
    for path, size in islice(reading.files(), MOST):
        single = reading.metainfo.files == 1 and path == (name,)  # BEP 52 tells the two apart in the same way
        yield "/".join(path if single else (name, *path)), size


class Lister:
    """Files of several torrents, up to MOST in all."""

    def __init__(self) -> None:
        self._left, self._bytes = MOST, _READ
        self._until = time.thread_time() + _SECONDS

    def of(self, infohash: str) -> list[tuple[str, int]] | None:
        """None where there is no room for them any more. Raises NotHeld, TakenDown, Unavailable."""
        known = _recent.get(infohash)
        if not self._left or (known is None and not self._may_read()):
            return None
        found = (self._read(infohash) if known is None else known)[: self._left]
        self._left -= len(found)
        return found

    def _may_read(self) -> bool:
        return self._bytes > 0 and time.thread_time() < self._until

    def _read(self, infohash: str) -> list[tuple[str, int]]:
        torrent = retrieve(parse(infohash)).torrent
        self._bytes -= len(torrent)
        found = list(paths(Reading(torrent, settings.MAX_TORRENT_BYTES)))
        if len(found) <= _FEW:
            if len(_recent) >= _KEPT:
                _recent.clear()
            _recent[infohash] = found
        return found


def told(files: list[tuple[str, int]], infohash: str) -> list[dict[str, Any]]:
    """As mylist has them."""
    return [
        {
            "id": number,
            "name": path,
            "short_name": path.rpartition("/")[2],
            "absolute_path": f"/{path}",
            "size": size,
            "mimetype": media_type(path),
            "hash": infohash,
            "zipped": False,
            "infected": False,
        }
        for number, (path, size) in enumerate(files)
    ]
