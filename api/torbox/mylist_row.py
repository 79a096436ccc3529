"""A torrent as mylist tells of it: its own words, its client's, and how it stands. What is unknown is left out."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from api.torbox.authentication import auth_id
from api.torbox.download_state import DownloadState
from api.torbox.file_list import FileLister, file_rows
from archive.access.api_keys import ApiKey
from archive.access.key_torrents import KeyTorrent
from clients import ClientTorrent
from metainfo.magnet import Magnet, format_magnet

_UNKNOWN = 8_640_000  # seconds: how TorBox and qBittorrent write a time left that nobody knows


def torrent_row(
    key: ApiKey, mine: KeyTorrent, seen: DownloadState, theirs: ClientTorrent | None, lister: FileLister
) -> dict[str, Any]:
    told = {**_own(key, mine, theirs), **_stands(seen), **_held(mine, lister)}
    return told | _work(theirs, seen) if theirs else told


def _own(key: ApiKey, mine: KeyTorrent, theirs: ClientTorrent | None) -> dict[str, Any]:
    known = mine.entry or theirs
    owner, infohash = auth_id(key), mine.infohashes[0].hex()
    return {
        "id": mine.id,
        "auth_id": owner,
        "owner": owner,
        "hash": infohash,
        "alternative_hashes": [infohash.hex() for infohash in mine.infohashes[1:]],
        "magnet": magnet_link(mine, mine.entry.name if mine.entry else mine.name),
        "name": mine.name or (known.name if known else "") or infohash,
        "size": known.size if known else 0,
        "created_at": format_time(mine.added_at),
        "updated_at": format_time(timezone.now()),
        "torrent_file": mine.entry is not None,
    }


def _stands(seen: DownloadState) -> dict[str, Any]:
    return {
        "download_state": seen.state,
        "active": seen.active,
        "progress": seen.progress,
        "download_finished": seen.finished,
        "download_present": seen.present,
        "cached": seen.finished,
    }


def _work(theirs: ClientTorrent, seen: DownloadState) -> dict[str, Any]:
    left = 0 if seen.finished else _UNKNOWN
    return {
        "seeds": theirs.seeds,
        "peers": theirs.peers,
        "ratio": theirs.ratio,
        "download_speed": theirs.downloading,
        "upload_speed": theirs.uploading,
        "eta": left if theirs.seconds_left is None else theirs.seconds_left,
        "tags": list(theirs.tags),
        **({"cached_at": format_time(theirs.finished)} if theirs.finished and seen.finished else {}),
    }


def _held(mine: KeyTorrent, lister: FileLister) -> dict[str, Any]:
    if mine.entry is None:
        return {"files": []}
    files = lister.of(mine.entry.infohash, mine.entry.files)
    return {} if files is None else {"files": file_rows(files, mine.infohashes[0].hex())}


def magnet_link(torrent: KeyTorrent | Magnet, name: str, trackers: Iterable[str] = ()) -> str:
    v1, v2 = (infohash.hex() if infohash else None for infohash in (torrent.v1, torrent.v2))
    return format_magnet(v1, v2, name, trackers)


def format_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
