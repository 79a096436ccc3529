"""Early copies: torrents that a search has just found, for the requests that wait, while they are being stored.

    resolver                                   process with waiting requests
    --------                                   -----------------------------
    1. write_early_copy
    2. notifies (`archive.queue.settlement_notifications`)  has_early_copy
    3. deposits: objects, fsync, rows          read_early_copy; find_blocked says whether it may be served
    4. delete_early_copies

An early copy is not durable, and its reader checks all of it: a file that a power cut has spoilt is none. It lies in
DATA_DIR, so only processes of the same machine find it; those of others get the torrent when it is stored.
"""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from metainfo.infohash import infohash_to_hex

_ABANDONED_AFTER = 3600  # seconds; a copy so old was left by a resolver that died
_DIGEST_BYTES, _V1_BYTES, _V2_BYTES = 32, 20, 32
_HEADER_BYTES = _DIGEST_BYTES + _V1_BYTES + _V2_BYTES


class EarlyCopy(NamedTuple):
    """A torrent's bytes, and the infohashes that they have."""

    torrent: bytes
    v1: bytes | None
    v2: bytes | None

    @property
    def infohashes(self) -> list[bytes]:
        return [infohash for infohash in (self.v1, self.v2) if infohash]


def write_early_copy(infohash: bytes, copy: EarlyCopy) -> None:
    """`infohash`: the one that the torrent will be stored under. Raises OSError.

    The file is a SHA-256 of the rest, the v1 and the v2 infohash (zeros where there is none), and the torrent.
    """
    rest = (copy.v1 or bytes(_V1_BYTES)) + (copy.v2 or bytes(_V2_BYTES)) + copy.torrent
    path = _copy_path(infohash)
    try:
        _write_file(path, sha256(rest).digest() + rest)
    except FileNotFoundError:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        _write_file(path, sha256(rest).digest() + rest)


def has_early_copy(infohash: bytes) -> bool:
    return os.path.exists(_copy_path(infohash))


def read_early_copy(infohash: bytes) -> EarlyCopy | None:
    """None if there is none, or if it is not whole. Whether it is blocked has to be asked after this call."""
    try:
        with open(_copy_path(infohash), "rb", buffering=0) as file:
            data = file.readall()
    except OSError:
        return None
    rest = data[_DIGEST_BYTES:]
    if len(data) < _HEADER_BYTES or sha256(rest).digest() != data[:_DIGEST_BYTES]:
        return None
    v1, v2 = rest[:_V1_BYTES], rest[_V1_BYTES : _V1_BYTES + _V2_BYTES]
    return EarlyCopy(rest[_V1_BYTES + _V2_BYTES :], v1 if any(v1) else None, v2 if any(v2) else None)


def delete_early_copies(infohashes: Iterable[bytes]) -> None:
    """No error where there is none."""
    for infohash in infohashes:
        with suppress(OSError):
            os.unlink(_copy_path(infohash))


def delete_abandoned_copies() -> None:
    """Delete the copies of resolvers that died."""
    oldest = time.time() - _ABANDONED_AFTER
    for path in _copies_folder().glob("*"):
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()


def _write_file(path: str, data: bytes) -> None:
    """Under another name first: a request may be reading the copy of an earlier wish for the same torrent."""
    unfinished = f"{path}.{os.getpid()}"
    with open(unfinished, "wb", buffering=0, opener=_open_private) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
    os.replace(unfinished, path)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _copy_path(infohash: bytes) -> str:
    return f"{settings.DATA_DIR}/early/{infohash_to_hex(infohash)}"


def _copies_folder() -> Path:
    return Path(settings.DATA_DIR) / "early"
