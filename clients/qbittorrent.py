"""qBittorrent, 4.5 to 5.3, over its WebUI API. The only owner of qbittorrent-api."""

import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

import qbittorrentapi
from qbittorrentapi import exceptions

from clients.address import ClientAddress
from clients.contract import ClientFile, ClientTorrent, ClientTracker, TorrentState, TorrentToAdd
from clients.deadline import with_deadline
from clients.errors import (
    ClientError,
    Garbled,
    RejectedTorrent,
    UnknownTorrent,
    WrongPassword,
)
from clients.response_limit import limit_response
from clients.untrusted_text import check_announce_url

_POLL_INTERVAL = 0.1  # seconds; what was added or removed is listed so only a moment later
_UNKNOWN_ETA = 8_640_000  # seconds (100 days), which stands for an unknown time left
_VERSION = re.compile(r"v(\d+\.[\w.]{1,20})")
_STATES: dict[str, TorrentState] = {
    "error": "failed",
    "missingFiles": "failed",
    "uploading": "seeding",
    "stalledUP": "seeding",
    "forcedUP": "seeding",
    "downloading": "downloading",
    "stalledDL": "downloading",
    "forcedDL": "downloading",
    "metaDL": "metadata",
    "forcedMetaDL": "metadata",
    # "paused" up to 4.6, "stopped" from 5.0 on
    "pausedUP": "stopped",
    "pausedDL": "stopped",
    "stoppedUP": "stopped",
    "stoppedDL": "stopped",
    "queuedUP": "queued",
    "queuedDL": "queued",
    "allocating": "checking",
    "checkingUP": "checking",
    "checkingDL": "checking",
    "checkingResumeData": "checking",
    "moving": "moving",
}
_TRACKER_STATES: dict[int, Literal["working", "not contacted", "failing", "off"]] = {
    0: "off",
    1: "not contacted",
    2: "working",
    3: "working",  # updating, up to 5.1
    4: "failing",
    5: "failing",
    6: "failing",
}


class QBittorrent:
    """A Client (clients/contract.py)."""

    def __init__(self, address: ClientAddress, timeout: float) -> None:
        self.address, self.timeout = address, timeout
        host = f"[{address.host}]" if ":" in address.host else address.host
        self._api = qbittorrentapi.Client(
            host=f"{'https' if address.tls else 'http'}://{host}:{address.port}{address.path}",
            username=address.user,
            password=address.password,
            REQUESTS_ARGS={"timeout": timeout, "hooks": {"response": limit_response(address, timeout)}},
            HTTPADAPTER_ARGS={"max_retries": 0},
            FORCE_SCHEME_FROM_HOST=True,
            SIMPLE_RESPONSES=True,
        )

    @with_deadline
    def version(self) -> str:
        version = _VERSION.fullmatch(self._api.app_version())
        if version is None:
            raise Garbled(f"{self.address} is none: it does not tell its version.")
        return f"qBittorrent {version[1]}"

    @with_deadline
    def torrents(self) -> list[ClientTorrent]:
        return self._list_torrents()

    @with_deadline
    def find(self, infohash: bytes) -> ClientTorrent:
        return self._find_torrent(infohash)

    @with_deadline
    def files(self, infohash: bytes) -> list[ClientFile]:
        rows: Any = self._api.torrents_files(self._find_torrent(infohash).id)
        return [ClientFile(row["name"], row["size"], row["progress"]) for row in rows]

    @with_deadline
    def trackers(self, infohash: bytes) -> list[ClientTracker]:
        rows: Any = self._api.torrents_trackers(self._find_torrent(infohash).id)
        return [
            ClientTracker(row["url"], _TRACKER_STATES.get(row["status"], "failing"), row["msg"])
            for row in rows
            if not row["url"].startswith("** [")  # DHT, PeX and LSD
        ]

    @with_deadline
    def add_tracker(self, infohash: bytes, url: str) -> None:
        self._api.torrents_add_trackers(self._find_torrent(infohash).id, [check_announce_url(url)])

    @with_deadline
    def remove_tracker(self, infohash: bytes, url: str) -> None:
        try:
            self._api.torrents_remove_trackers(self._find_torrent(infohash).id, [url])
        except exceptions.Conflict409Error:
            return  # the answer of 4.5 for a tracker that is not there

    @with_deadline
    def add(
        self,
        source: TorrentToAdd,
        *,
        paused: bool = False,
        save_path: str | None = None,
        tags: Iterable[str] = (),
    ) -> bool:
        # qBittorrent refuses a duplicate in the same words as invalid bytes, so it is asked before.
        if self._has_any_infohash(source):
            return False
        files, urls = (source.content, None) if isinstance(source.content, bytes) else (None, source.content)
        try:
            answer = self._api.torrents_add(
                urls=urls,
                torrent_files=files,
                is_paused=paused,
                save_path=save_path,
                use_auto_torrent_management=False if save_path else None,
                tags=tags,
            )
        except (exceptions.Conflict409Error, exceptions.UnsupportedMediaType415Error):
            answer = "Fails."
        if answer == "Fails.":
            if self._has_any_infohash(source):  # another program was faster
                return False
            raise RejectedTorrent(f"{self.address} does not take this torrent or magnet link.")
        while not self._has_any_infohash(source):
            time.sleep(_POLL_INTERVAL)
        return True

    @with_deadline
    def remove(self, infohash: bytes, *, data: bool = False) -> None:
        found = self._find_torrent(infohash)
        self._api.torrents_delete(torrent_hashes=found.id, delete_files=data)
        while any(found.id == other.id for other in self._list_torrents(found.id)):
            time.sleep(_POLL_INTERVAL)

    @with_deadline
    def start(self, infohash: bytes) -> None:
        self._api.torrents_start(self._find_torrent(infohash).id)

    @with_deadline
    def stop(self, infohash: bytes) -> None:
        self._api.torrents_stop(self._find_torrent(infohash).id)

    @with_deadline
    def reannounce(self, infohash: bytes) -> None:
        self._api.torrents_reannounce(self._find_torrent(infohash).id)

    @with_deadline
    def export(self, infohash: bytes) -> bytes | None:
        try:
            return bytes(self._api.torrents_export(self._find_torrent(infohash).id))
        except exceptions.Conflict409Error:
            return None  # the metadata is missing

    def close(self) -> None:
        # The library has no public way to close connections without a request: its context manager logs out first.
        self._api._trigger_session_initialization()

    def translate_error(self, error: Exception) -> ClientError | None:
        match error:
            case exceptions.LoginFailed():
                return WrongPassword(f"{self.address} does not accept this user and password.")
            case exceptions.HTTP403Error():
                return WrongPassword(f"{self.address} has banned us for now: too many wrong passwords.")
            case exceptions.Unauthorized401Error():
                return WrongPassword(f"{self.address} does not want to be called from here or by this name.")
            case exceptions.NotFound404Error():
                return UnknownTorrent(f"{self.address} does not have this torrent any more.")
        return None

    def _list_torrents(self, id_: str | None = None) -> list[ClientTorrent]:
        rows: Any = self._api.torrents_info(torrent_hashes=id_)
        return [_parse_torrent(row) for row in rows]

    def _find_torrent(self, infohash: bytes) -> ClientTorrent:
        """The torrent with this infohash. Raises UnknownTorrent.

        qBittorrent's own look-up knows torrents of v1 by v1, all others by the truncated v2. A hybrid's v1 is found
        in the whole list.
        """
        for id_ in (infohash[:20].hex(), None):
            for torrent in self._list_torrents(id_):
                if torrent.has_infohash(infohash):
                    return torrent
        raise UnknownTorrent(f"{self.address} has no torrent with the infohash {infohash.hex()}.")

    def _has_any_infohash(self, source: TorrentToAdd) -> bool:
        return any(
            torrent.has_infohash(infohash)
            for torrent in self._list_torrents()
            for infohash in source.infohashes
        )


def _parse_torrent(row: dict[str, Any]) -> ClientTorrent:
    size = max(row["total_size"], 0)
    v1, v2 = (bytes.fromhex(row[key]) or None for key in ("infohash_v1", "infohash_v2"))
    return ClientTorrent(
        id=row["hash"],
        v1=v1,
        v2=v2,
        name=row["name"],
        path=row["save_path"],
        size=size,
        progress=float(row["progress"]),
        state=_STATES.get(row["state"], "unknown"),
        tags=tuple(filter(None, map(str.strip, row["tags"].split(",")))),
        added=_parse_timestamp(row["added_on"]),
        finished=_parse_timestamp(row["completion_on"]),
        downloading=row["dlspeed"],
        uploading=row["upspeed"],
        seeds=row["num_seeds"],
        peers=row["num_seeds"] + row["num_leechs"],
        ratio=max(row["ratio"], 0.0),
        seconds_left=row["eta"] if 0 <= row["eta"] < _UNKNOWN_ETA else None,
        error="Files are missing." if row["state"] == "missingFiles" else "",
        last_active=_parse_timestamp(row.get("last_activity", 0)),
    )


def _parse_timestamp(seconds: int) -> datetime | None:
    # Depending on the version, -1, 0 or 2^32 - 1 stands for none.
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 2**32 - 1 else None


def from_address(address: ClientAddress, timeout: float) -> QBittorrent:
    return QBittorrent(address, timeout)
