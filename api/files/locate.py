"""From a torrent of an account to the finished files that its client has of it."""

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
from archive.takedowns.takedown import refuse_blocked
from clients import ClientFile, ClientTorrent, OutOfReach, Unfinished, find_known_infohash
from clients.finished_files import FinishedFile, open_finished

_REMEMBERED = 60.0  # seconds: whoever moves about in a film asks again and again
_MOST = 1_000  # files
_MOST_ZIPPED = 10_000  # a second's work to look for
_PAD = re.compile(r"(^|/)\.pad/|_____padding_file_")  # some clients list these too (BEP 47), and we do not


class _Told(NamedTuple):
    """What a client said of a torrent, and when."""

    torrent: ClientTorrent
    file: ClientFile
    at: float


_told: dict[tuple[str, bytes, int], _Told] = {}


def open_file(key: ApiKey, number: int, index: int) -> FinishedFile:
    """One file, by its place in the torrent, where pad files do not count.

    Raises NotHeld, TakenDown, Unavailable, ClientError.
    """
    mine = get_key_torrent(key, number)
    folder = _folder(key)
    name = key.client, mine.infohashes[0], index
    told = _told.get(name)
    if told and told.at > time.monotonic() - _REMEMBERED:
        refuse_blocked(told.torrent.infohashes)
        with suppress(OutOfReach):  # it has been moved since, perhaps
            return open_finished(folder, told.torrent, told.file)
    torrent, files = _ask(key, mine)
    if not 0 <= index < len(files):
        raise NotHeld(f"This torrent has no file with the id {index}.")
    finished = open_finished(folder, torrent, files[index])
    if len(_told) >= _MOST:
        _told.clear()
    _told[name] = _Told(torrent, files[index], time.monotonic())
    return finished


def list_files(key: ApiKey, number: int) -> tuple[str, list["UnopenedFile"]]:
    """The torrent's name, and all files that the client was to fetch. Raises as reach."""
    mine = get_key_torrent(key, number)
    folder = _folder(key)
    torrent, files = _ask(key, mine)
    if not torrent.progress >= 1:
        raise Unfinished("The client has not finished this torrent.")
    if len(files) > _MOST_ZIPPED:
        raise OutOfReach(f"This torrent has more than {_MOST_ZIPPED:,} files, too many for one zip.")
    return mine.name or torrent.name, [
        UnopenedFile(folder, torrent, file) for file in files if file.progress >= 1
    ]


class UnopenedFile(NamedTuple):
    """A finished file that is opened when its turn has come."""

    folder: Path
    torrent: ClientTorrent
    file: ClientFile

    def open(self) -> FinishedFile:
        return open_finished(*self)


def _folder(key: ApiKey) -> Path:
    folder: Path | None = settings.CLIENT_FILES.get(key.client)
    if folder is None:
        raise OutOfReach("This key has no torrent client whose files this server can read.")
    return folder


def _ask(key: ApiKey, mine: KeyTorrent) -> tuple[ClientTorrent, list[ClientFile]]:
    with borrow_client(key) as client:
        infohash = find_known_infohash(client, mine.infohashes)
        torrent, files = client.find(infohash), client.files(infohash)
    refuse_blocked(torrent.infohashes)  # a link names one of a hybrid's two, and the client knows both
    if mine.entry and len(files) != mine.entry.files:
        files = [file for file in files if not _PAD.search(file.path)]
    if mine.entry and files and len(files) != mine.entry.files:
        raise OutOfReach("The client lists other files than the torrent has.")
    return torrent, files
