"""The files of a torrent, as TorBox lists them: all of them or none. A file's id is its place, without pad files.

A list may be long and has to be read out of the torrent, so an answer has limits: of files, of bytes that are read,
and of time. The lists of torrents with few files are cached.
"""

import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings

from api.http.media_type_by_suffix import guess_media_type
from archive.torrents.retrieve import retrieve
from metainfo import ParsedTorrent
from metainfo.infohash import parse_infohash

MAX_FILES_ALONE = 30_000  # files in an answer about one torrent: tens of megabytes of memory
_MAX_FILES = 10_000  # files in an answer about several torrents
_MAX_READ = 50_000_000  # bytes of torrents that are read for one answer
_MAX_SECONDS = (
    0.5  # of CPU for one answer: a torrent may have 200,000 pad files, which are read and not listed
)
_MAX_CACHED_FILES = 50  # a torrent with more files is not cached
_MAX_CACHED = 2_000  # torrents; clients ask for their whole list again and again

FileList = list[tuple[str, int]]  # path and size of each

_cache: dict[str, FileList] = {}  # by infohash; never out of date, as an infohash names the files too


def file_paths(torrent: ParsedTorrent) -> Iterator[tuple[str, int]]:
    """Path and size of each file. The path is `Folder/File`, or just the name in a torrent of a single file."""
    name = torrent.metainfo.name
    is_alone = torrent.metainfo.file_count == 1
    for path, size in torrent.files():
        is_single_file = is_alone and path == (
            name,
        )  # BEP 52 tells a single file from a folder in the same way
        yield "/".join(path if is_single_file else (name, *path)), size


class FileLister:
    """Lists the files of the torrents in one answer, within its limits. `torrents`: how many it has."""

    def __init__(self, torrents: int) -> None:
        self._files_left = MAX_FILES_ALONE if torrents == 1 else _MAX_FILES
        self._bytes_left = _MAX_READ
        self._deadline = time.thread_time() + _MAX_SECONDS

    def list_files(self, infohash: str, count: int) -> FileList | None:
        """All `count` files; None where the limits are reached. Raises NotHeld, TakenDown, Unavailable."""
        cached = _cache.get(infohash)
        if count > self._files_left or (cached is None and not self._may_read()):
            return None
        self._files_left -= count
        return self._read_files(infohash) if cached is None else cached

    def _may_read(self) -> bool:
        return self._bytes_left > 0 and time.thread_time() < self._deadline

    def _read_files(self, infohash: str) -> FileList:
        torrent = retrieve(parse_infohash(infohash)).torrent
        self._bytes_left -= len(torrent)
        files = list(file_paths(ParsedTorrent(torrent, settings.MAX_TORRENT_BYTES)))
        if len(files) <= _MAX_CACHED_FILES:
            if len(_cache) >= _MAX_CACHED:
                _cache.clear()
            _cache[infohash] = files
        return files


def file_rows(files: FileList, infohash: str) -> list[dict[str, Any]]:
    """The value of `files` in a row of mylist."""
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
