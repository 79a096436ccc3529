"""A torrent as a row of mylist: what the archive knows, what the client knows, and its state.

What is unknown is left out.
"""

from typing import Any

from django.utils import timezone

from api.torbox.authentication import auth_id
from api.torbox.download_state import DownloadState
from api.torbox.file_list import FileLister, file_rows
from api.torbox.time_and_magnet_text import format_time, magnet_link
from archive.access.api_keys import ApiKey
from archive.access.key_torrents import KeyTorrent
from clients import ClientTorrent

_UNKNOWN_ETA = 8_640_000  # seconds: TorBox and qBittorrent write an unknown time left so


def torrent_row(
    key: ApiKey,
    mine: KeyTorrent,
    state: DownloadState,
    in_client: ClientTorrent | None,
    lister: FileLister,
) -> dict[str, Any]:
    """`in_client`: None where there is no client, or it does not have the torrent."""
    row = {**_torrent_fields(key, mine, in_client), **_state_fields(state), **_file_fields(mine, lister)}
    return row | _client_fields(in_client, state) if in_client else row


def _torrent_fields(key: ApiKey, mine: KeyTorrent, in_client: ClientTorrent | None) -> dict[str, Any]:
    known = mine.entry or in_client
    owner, infohash = auth_id(key), mine.infohashes[0].hex()
    return {
        "id": mine.id,
        "auth_id": owner,
        "owner": owner,
        "hash": infohash,
        "alternative_hashes": [other.hex() for other in mine.infohashes[1:]],
        "magnet": magnet_link(mine, mine.entry.name if mine.entry else mine.name),
        "name": mine.name or (known.name if known else "") or infohash,
        "size": known.size if known else 0,
        "created_at": format_time(mine.added_at),
        "updated_at": format_time(timezone.now()),
        "torrent_file": mine.entry is not None,
    }


def _state_fields(state: DownloadState) -> dict[str, Any]:
    return {
        "download_state": state.name,
        "active": state.active,
        "progress": state.progress,
        "download_finished": state.finished,
        "download_present": state.present,
        "cached": state.finished,
    }


def _client_fields(in_client: ClientTorrent, state: DownloadState) -> dict[str, Any]:
    default_eta = 0 if state.finished else _UNKNOWN_ETA
    return {
        "seeds": in_client.seeds,
        "peers": in_client.peers,
        "ratio": in_client.ratio,
        "download_speed": in_client.downloading,
        "upload_speed": in_client.uploading,
        "eta": default_eta if in_client.seconds_left is None else in_client.seconds_left,
        "tags": list(in_client.tags),
        **({"cached_at": format_time(in_client.finished)} if in_client.finished and state.finished else {}),
    }


def _file_fields(mine: KeyTorrent, lister: FileLister) -> dict[str, Any]:
    if mine.entry is None:
        return {"files": []}
    files = lister.list_files(mine.entry.infohash, mine.entry.files)
    return {} if files is None else {"files": file_rows(files, mine.infohashes[0].hex())}
