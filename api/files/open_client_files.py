"""Find the finished files that a torrent client has of an account's torrent, and open them."""

import re
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from api.client_pool import borrow_client
from archive.access.api_keys import ApiKey
from archive.access.key_torrents import KeyTorrent, get_key_torrent
from archive.errors import NotHeld
from archive.takedowns.find_blocked import refuse_blocked
from clients import ClientFile, ClientTorrent, OutOfReach, Unfinished, find_known_infohash
from clients.open_finished_file import FinishedFile, open_finished

_CACHE_SECONDS = 60.0  # to seek in a film makes one request after another
_MAX_CACHED = 1_000  # files
_MAX_ZIPPED = 10_000  # files; to look for so many takes a second
_PAD_FILE = re.compile(
    r"(^|/)\.pad/|_____padding_file_"
)  # some clients list these too (BEP 47), and we do not

CacheKey = tuple[str, bytes, int]  # the client's name, the torrent's infohash, the file's index


class _CachedAnswer(NamedTuple):
    """What a client said of a torrent and one of its files. `at`: monotonic seconds."""

    torrent: ClientTorrent
    file: ClientFile
    at: float


_cache: dict[CacheKey, _CachedAnswer] = {}


class UnopenedFile(NamedTuple):
    """A finished file that is opened only when it is about to be sent."""

    folder: Path
    torrent: ClientTorrent
    file: ClientFile

    def open(self) -> FinishedFile:
        return open_finished(*self)


def open_file(key: ApiKey, torrent_id: int, index: int) -> FinishedFile:
    """One file. `index` is its place in the torrent, where pad files do not count.

    Raises NotHeld, TakenDown, Unavailable, ClientError.
    """
    mine = get_key_torrent(key, torrent_id)
    folder = _files_folder(key)
    cache_key = key.client, mine.infohashes[0], index
    cached = _cache.get(cache_key)
    if cached and cached.at > time.monotonic() - _CACHE_SECONDS:
        refuse_blocked(cached.torrent.infohashes)
        with suppress(OutOfReach):  # the client has perhaps moved it since
            return open_finished(folder, cached.torrent, cached.file)
    torrent, files = _ask_client(key, mine)
    if not 0 <= index < len(files):
        raise NotHeld(f"This torrent has no file with the id {index}.")
    finished = open_finished(folder, torrent, files[index])
    if len(_cache) >= _MAX_CACHED:
        _cache.clear()
    _cache[cache_key] = _CachedAnswer(torrent, files[index], time.monotonic())
    return finished


def list_files(key: ApiKey, torrent_id: int) -> tuple[str, list[UnopenedFile]]:
    """The torrent's name, and all files that the client was to fetch. Raises as `open_file`."""
    mine = get_key_torrent(key, torrent_id)
    folder = _files_folder(key)
    torrent, files = _ask_client(key, mine)
    if not torrent.progress >= 1:
        raise Unfinished("The client has not finished this torrent.")
    if len(files) > _MAX_ZIPPED:
        raise OutOfReach(f"This torrent has more than {_MAX_ZIPPED:,} files, too many for one zip.")
    finished = [UnopenedFile(folder, torrent, file) for file in files if file.progress >= 1]
    return mine.name or torrent.name, finished


def _files_folder(key: ApiKey) -> Path:
    folder: Path | None = settings.CLIENT_FILES.get(key.client)
    if folder is None:
        raise OutOfReach("This key has no torrent client whose files this server can read.")
    return folder


def _ask_client(key: ApiKey, mine: KeyTorrent) -> tuple[ClientTorrent, list[ClientFile]]:
    with borrow_client(key) as client:
        infohash = find_known_infohash(client, mine.infohashes)
        torrent, files = client.find(infohash), client.files(infohash)
    # The account may know only one of a hybrid's two infohashes; the client knows both.
    refuse_blocked(torrent.infohashes)
    if mine.entry and len(files) != mine.entry.files:
        files = [file for file in files if not _PAD_FILE.search(file.path)]
    if mine.entry and files and len(files) != mine.entry.files:
        raise OutOfReach("The client lists other files than the torrent has.")
    return torrent, files
