"""The files of a torrent as TorBox lists them: all, or none. An id is a file's place, pad files left out."""

import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings

from api.http.media_type import guess_media_type
from archive.torrents.retrieve import retrieve
from metainfo import ParsedTorrent
from metainfo.infohash import parse_infohash

MAX_FILES_ALONE = 30_000  # files, where one torrent is asked for: tens of megabytes of memory
_MOST = 10_000  # of several torrents in one answer
_READ = 50_000_000  # bytes of torrents, for one answer
_SECONDS = 0.5  # of work, for one answer: a torrent may have 200,000 pad files, which are read and not listed
_FEW, _KEPT = 50, 2_000  # clients ask for whole lists all the time: torrents of few files are read once

_recent: dict[str, list[tuple[str, int]]] = {}  # an infohash never stands for other files


def file_paths(reading: ParsedTorrent) -> Iterator[tuple[str, int]]:
    """As `Folder/File`, or just the name of a single file; and the bytes of each."""
    name = reading.metainfo.name
    for path, size in reading.files():
        single = reading.metainfo.file_count == 1 and path == (
            name,
        )  # BEP 52 tells the two apart in the same way
        yield "/".join(path if single else (name, *path)), size


class FileLister:
    """The files of the torrents in one answer."""

    def __init__(self, torrents: int) -> None:
        self._left, self._bytes = MAX_FILES_ALONE if torrents == 1 else _MOST, _READ
        self._until = time.thread_time() + _SECONDS

    def of(self, infohash: str, count: int) -> list[tuple[str, int]] | None:
        """None where there is no room for all of them. Raises NotHeld, TakenDown, Unavailable."""
        known = _recent.get(infohash)
        if count > self._left or (known is None and not self._may_read()):
            return None
        self._left -= count
        return self._read(infohash) if known is None else known

    def _may_read(self) -> bool:
        return self._bytes > 0 and time.thread_time() < self._until

    def _read(self, infohash: str) -> list[tuple[str, int]]:
        torrent = retrieve(parse_infohash(infohash)).torrent
        self._bytes -= len(torrent)
        found = list(file_paths(ParsedTorrent(torrent, settings.MAX_TORRENT_BYTES)))
        if len(found) <= _FEW:
            if len(_recent) >= _KEPT:
                _recent.clear()
            _recent[infohash] = found
        return found


def file_rows(files: list[tuple[str, int]], infohash: str) -> list[dict[str, Any]]:
    """As mylist has them."""
    return [
        {
            "id": number,
            "name": path,
            "short_name": path.rpartition("/")[2],
            "absolute_path": f"/{path}",
            "size": size,
            "mimetype": guess_media_type(path),
            "hash": infohash,
            "zipped": False,
            "infected": False,
        }
        for number, (path, size) in enumerate(files)
    ]
