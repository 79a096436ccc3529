"""Transmission, 3.00 and 4.1, over its RPC. The only owner of transmission-rpc."""

import logging
import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import requests
import transmission_rpc
from transmission_rpc import error as errors

from clients import (
    ClientAddress,
    ClientError,
    ClientFile,
    ClientTorrent,
    ClientTracker,
    RejectedTorrent,
    RejectedTracker,
    TorrentState,
    TorrentToAdd,
    UnknownTorrent,
    WrongPassword,
)
from clients.deadline import announce_url, bounded, quoted, with_deadline

_LOOK = 0.1  # seconds: what is removed is listed a moment longer
_LARGEST = 32_000_000  # bytes of a torrent
# Of the library's own log lines some hold the password, others whole torrents.
_SILENT = logging.Logger("clients.transmission", logging.CRITICAL + 1)

_FIELDS = [
    *(
        "id",
        "hashString",
        "name",
        "downloadDir",
        "totalSize",
        "percentDone",
        "metadataPercentComplete",
        "status",
    ),
    *("labels", "addedDate", "doneDate", "rateDownload", "rateUpload", "peersSendingToUs", "peersConnected"),
    *("uploadRatio", "eta", "error", "errorString"),
]
# https://github.com/transmission/transmission/blob/main/docs/rpc-spec.md, "status"
_STATES: dict[int, TorrentState] = {
    0: "stopped",
    1: "checking",
    2: "checking",
    3: "queued",
    4: "downloading",
    5: "queued",
    6: "seeding",
}
_LOCAL_ERROR = 3  # the rest are the trackers'


class _Api(transmission_rpc.Client):
    def __init__(self, address: ClientAddress, timeout: float) -> None:
        self._bounded = bounded(address, timeout)
        try:
            super().__init__(
                protocol="https" if address.tls else "http",
                host=f"[{address.host}]" if ":" in address.host else address.host,
                port=address.port,
                path=address.path,
                username=address.user,
                password=address.password,
                timeout=timeout,
                logger=_SILENT,
            )
        except BaseException:
            self._http_session.close()
            raise

    def get_session(self, timeout: Any = None) -> transmission_rpc.Session:
        """The first thing that the constructor calls; its session does not look into the environment by itself."""
        self._http_session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        self._http_session.hooks["response"] = [self._bounded]
        return super().get_session(timeout)


class Transmission:
    def __init__(self, address: ClientAddress, timeout: float) -> None:
        self.address, self.timeout = address, timeout
        self._made: _Api | None = None

    @property
    def _api(self) -> _Api:
        """Made when it is needed, since that asks the client; not cached_property, on which up to 3.11 all wait."""
        if self._made is None:
            self._made = _Api(self.address, self.timeout)
        return self._made

    @with_deadline
    def version(self) -> str:
        return f"Transmission {self._api.get_session().version.split()[0]}"

    @with_deadline
    def torrents(self) -> list[ClientTorrent]:
        return [_torrent(one.fields) for one in self._api.get_torrents(arguments=_FIELDS)]

    @with_deadline
    def find(self, infohash: bytes) -> ClientTorrent:
        return _torrent(self._fields(infohash, _FIELDS))

    @with_deadline
    def files(self, infohash: bytes) -> list[ClientFile]:
        rows = self._fields(infohash, ["files"])["files"]
        return [
            ClientFile(
                row["name"], row["length"], row["bytesCompleted"] / row["length"] if row["length"] else 1.0
            )
            for row in rows
            # Pad files (BEP 47), as libtorrent and others call them.
            if not row["name"].endswith(f"/.pad/{row['length']}")
        ]

    @with_deadline
    def trackers(self, infohash: bytes) -> list[ClientTracker]:
        return [
            ClientTracker(
                row["announce"], _tracker_state(row), row["lastAnnounceResult"].replace("Success", "")
            )
            for row in self._fields(infohash, ["trackerStats"])["trackerStats"]
        ]

    @with_deadline
    def add_tracker(self, infohash: bytes, url: str) -> None:
        announces = {row["announce"] for row in self._fields(infohash, ["trackers"])["trackers"]}
        if announce_url(url) in announces:
            return  # asked again, it would say "Invalid argument"
        try:
            # 4.x would rather have the whole list, which 3.00 ignores without a word
            self._api.change_torrent(infohash.hex(), tracker_add=[url])
        except errors.TransmissionError as error:
            if error.response is None:
                raise
            raise RejectedTracker(
                f"{self.address} does not take this tracker: {self._said(error)}."
            ) from None

    @with_deadline
    def remove_tracker(self, infohash: bytes, url: str) -> None:
        # 4.x counts them anew after every change
        for row in self._fields(infohash, ["trackers"])["trackers"]:
            if row["announce"] == url:
                self._api.change_torrent(infohash.hex(), tracker_remove=[row["id"]])
                return

    @with_deadline
    def add(
        self,
        source: TorrentToAdd,
        *,
        paused: bool = False,
        save_path: str | None = None,
        tags: Iterable[str] = (),
    ) -> bool:
        if any(self._rows(infohash, ["id"]) for infohash in source.infohashes):
            return False
        try:
            added = self._api.add_torrent(source.content, paused=paused, download_dir=save_path)
        except errors.TransmissionError as error:
            if error.response is None:
                raise
            raise RejectedTorrent(
                f"{self.address} does not take this torrent: {self._said(error)}."
            ) from None
        if labels := list(tags):
            self._api.change_torrent(added.id, labels=labels)  # 3.00 ignores them while adding
        return True

    @with_deadline
    def remove(self, infohash: bytes, *, data: bool = False) -> None:
        id_ = self._fields(infohash, ["id"])["id"]
        self._api.remove_torrent(id_, delete_data=data)
        while self._rows(infohash, ["id"]):
            time.sleep(_LOOK)

    @with_deadline
    def start(self, infohash: bytes) -> None:
        self._api.start_torrent(self._fields(infohash, ["id"])["id"])

    @with_deadline
    def stop(self, infohash: bytes) -> None:
        self._api.stop_torrent(self._fields(infohash, ["id"])["id"])

    @with_deadline
    def reannounce(self, infohash: bytes) -> None:
        self._api.reannounce_torrent(self._fields(infohash, ["id"])["id"])

    @with_deadline
    def export(self, infohash: bytes) -> bytes | None:
        """Its RPC names the file, but does not hand it out: so only where it runs on this very machine."""
        row = self._fields(infohash, ["torrentFile", "metadataPercentComplete"])
        if row["metadataPercentComplete"] < 1:
            return None  # 3.00 keeps a file that says so
        path = Path(row["torrentFile"])
        try:
            ours = path.suffix == ".torrent" and path.is_file() and path.stat().st_size <= _LARGEST
            return path.read_bytes() if ours else None
        except OSError:
            return None

    def close(self) -> None:
        if self._made is not None:
            self._made.__exit__(None, None, None)

    def translated(self, error: Exception) -> ClientError | None:
        match error:
            case errors.TransmissionAuthError(original=requests.Response(status_code=403)):
                return WrongPassword(f"{self.address} does not want to be called from here (its whitelist).")
            case errors.TransmissionAuthError():
                return WrongPassword(f"{self.address} does not accept this user and password.")
        return None

    def _fields(self, infohash: bytes, fields: list[str]) -> dict[str, Any]:
        for row in self._rows(infohash, fields):
            return row
        raise UnknownTorrent(f"{self.address} has no torrent with the infohash {infohash.hex()}.")

    def _rows(self, infohash: bytes, fields: list[str]) -> list[dict[str, Any]]:
        """It knows v1 infohashes alone; hybrids are torrents of v1 to it."""
        if len(infohash) != 20:
            return []
        return [one.fields for one in self._api.get_torrents([infohash.hex()], arguments=fields)]

    def _said(self, error: errors.TransmissionError) -> str:
        said = error.response.get("result") if isinstance(error.response, dict) else ""
        return quoted(said, self.address)


def _torrent(row: dict[str, Any]) -> ClientTorrent:
    state = _STATES.get(row["status"], "unknown")
    if row["error"] == _LOCAL_ERROR:
        state = "failed"
    elif row["metadataPercentComplete"] < 1 and state != "stopped":
        state = "metadata"
    return ClientTorrent(
        id=row["hashString"],
        v1=bytes.fromhex(row["hashString"]),
        v2=None,
        name=row["name"],
        path=row["downloadDir"],
        size=row["totalSize"],
        progress=float(row["percentDone"]),
        state=state,
        tags=tuple(row["labels"]),
        added=_moment(row["addedDate"]),
        finished=_moment(row["doneDate"]),
        downloading=row["rateDownload"],
        uploading=row["rateUpload"],
        seeds=row["peersSendingToUs"],
        peers=row["peersConnected"],
        ratio=max(row["uploadRatio"], 0.0),
        seconds_left=row["eta"] if row["eta"] >= 0 else None,
        error=row["errorString"],
    )


def _tracker_state(row: dict[str, Any]) -> Literal["working", "not contacted", "failing"]:
    if not row["hasAnnounced"]:
        return "not contacted"
    return "working" if row["lastAnnounceSucceeded"] else "failing"


def _moment(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None


def from_address(address: ClientAddress, timeout: float) -> Transmission:
    return Transmission(address, timeout)
