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

from clients.address import ClientAddress
from clients.contract import ClientFile, ClientTorrent, ClientTracker, TorrentState, TorrentToAdd
from clients.deadline import with_deadline
from clients.errors import (
    ClientError,
    RejectedTorrent,
    RejectedTracker,
    UnknownTorrent,
    WrongPassword,
)
from clients.response_limit import limit_response
from clients.untrusted_text import check_announce_url, quote_message

_POLL_INTERVAL = 0.1  # seconds; what was removed is listed a moment longer
_MAX_TORRENT_BYTES = 256_000_000  # the most that MAX_TORRENT_BYTES may be
# Some of the library's own log messages hold the password, others whole torrents.
_NO_LOG = logging.Logger("clients.transmission", logging.CRITICAL + 1)

_FIELDS = [
    "id",
    "hashString",
    "name",
    "downloadDir",
    "totalSize",
    "percentDone",
    "metadataPercentComplete",
    "status",
    "labels",
    "addedDate",
    "doneDate",
    "startDate",
    "activityDate",
    "rateDownload",
    "rateUpload",
    "peersSendingToUs",
    "peersConnected",
    "uploadRatio",
    "eta",
    "error",
    "errorString",
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
_LOCAL_ERROR = 3  # the other errors are the trackers'


class _RpcClient(transmission_rpc.Client):
    """The library's client, with our limits on answers and our own choice of trusted certificates."""

    def __init__(self, address: ClientAddress, timeout: float) -> None:
        self._limit_response = limit_response(address, timeout)
        try:
            super().__init__(
                protocol="https" if address.tls else "http",
                host=f"[{address.host}]" if ":" in address.host else address.host,
                port=address.port,
                path=address.path,
                username=address.user,
                password=address.password,
                timeout=timeout,
                logger=_NO_LOG,
            )
        except BaseException:
            self._http_session.close()
            raise

    def get_session(self, timeout: Any = None) -> transmission_rpc.Session:
        """The constructor calls this first, so that the session of requests is set up here.

        It does not read REQUESTS_CA_BUNDLE from the environment by itself.
        """
        self._http_session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        self._http_session.hooks["response"] = [self._limit_response]
        return super().get_session(timeout)


class Transmission:
    """A Client (clients/contract.py)."""

    def __init__(self, address: ClientAddress, timeout: float) -> None:
        self.address, self.timeout = address, timeout
        self._rpc_client: _RpcClient | None = None

    @property
    def _api(self) -> _RpcClient:
        """The library's client, made when it is first needed, since that sends a request.

        No cached_property: up to Python 3.11 all instances share its lock, and would wait for one slow client.
        """
        if self._rpc_client is None:
            self._rpc_client = _RpcClient(self.address, self.timeout)
        return self._rpc_client

    @with_deadline
    def version(self) -> str:
        return f"Transmission {self._api.get_session().version.split()[0]}"

    @with_deadline
    def torrents(self) -> list[ClientTorrent]:
        return [_parse_torrent(one.fields) for one in self._api.get_torrents(arguments=_FIELDS)]

    @with_deadline
    def find(self, infohash: bytes) -> ClientTorrent:
        return _parse_torrent(self._torrent_fields(infohash, _FIELDS))

    @with_deadline
    def files(self, infohash: bytes) -> list[ClientFile]:
        rows = self._torrent_fields(infohash, ["files"])["files"]
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
                row["announce"], _parse_tracker_state(row), row["lastAnnounceResult"].replace("Success", "")
            )
            for row in self._torrent_fields(infohash, ["trackerStats"])["trackerStats"]
        ]

    @with_deadline
    def add_tracker(self, infohash: bytes, url: str) -> None:
        announces = {row["announce"] for row in self._torrent_fields(infohash, ["trackers"])["trackers"]}
        if check_announce_url(url) in announces:
            return  # Transmission would refuse it with "Invalid argument"
        try:
            # 4.x prefers the whole list of trackers, which 3.00 ignores without an error.
            self._api.change_torrent(infohash.hex(), tracker_add=[url])
        except errors.TransmissionError as error:
            if error.response is None:
                raise
            raise RejectedTracker(
                f"{self.address} does not take this tracker: {self._error_text(error)}."
            ) from None

    @with_deadline
    def remove_tracker(self, infohash: bytes, url: str) -> None:
        # 4.x numbers the trackers anew after every change.
        for row in self._torrent_fields(infohash, ["trackers"])["trackers"]:
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
        if any(self._torrent_rows(infohash, ["id"]) for infohash in source.infohashes):
            return False
        try:
            added = self._api.add_torrent(source.content, paused=paused, download_dir=save_path)
        except errors.TransmissionError as error:
            if error.response is None:
                raise
            raise RejectedTorrent(
                f"{self.address} does not take this torrent: {self._error_text(error)}."
            ) from None
        if labels := list(tags):
            self._api.change_torrent(added.id, labels=labels)  # 3.00 ignores labels in torrent-add
        return True

    @with_deadline
    def remove(self, infohash: bytes, *, data: bool = False) -> None:
        id_ = self._torrent_fields(infohash, ["id"])["id"]
        self._api.remove_torrent(id_, delete_data=data)
        while self._torrent_rows(infohash, ["id"]):
            time.sleep(_POLL_INTERVAL)

    @with_deadline
    def start(self, infohash: bytes) -> None:
        self._api.start_torrent(self._torrent_fields(infohash, ["id"])["id"])

    @with_deadline
    def stop(self, infohash: bytes) -> None:
        self._api.stop_torrent(self._torrent_fields(infohash, ["id"])["id"])

    @with_deadline
    def reannounce(self, infohash: bytes) -> None:
        self._api.reannounce_torrent(self._torrent_fields(infohash, ["id"])["id"])

    @with_deadline
    def export(self, infohash: bytes) -> bytes | None:
        """The torrent's bytes, if the client runs on this machine: its RPC names the file, but does not send it."""
        row = self._torrent_fields(infohash, ["torrentFile", "metadataPercentComplete"])
        if row["metadataPercentComplete"] < 1:
            return None  # 3.00 keeps a file that holds the magnet link
        path = Path(row["torrentFile"])
        try:
            is_torrent = path.suffix == ".torrent" and path.is_file()
            return path.read_bytes() if is_torrent and path.stat().st_size <= _MAX_TORRENT_BYTES else None
        except OSError:
            return None

    def close(self) -> None:
        if self._rpc_client is not None:
            self._rpc_client.__exit__(None, None, None)

    def translate_error(self, error: Exception) -> ClientError | None:
        match error:
            case errors.TransmissionAuthError(original=requests.Response(status_code=403)):
                return WrongPassword(f"{self.address} does not want to be called from here (its whitelist).")
            case errors.TransmissionAuthError():
                return WrongPassword(f"{self.address} does not accept this user and password.")
        return None

    def _torrent_fields(self, infohash: bytes, fields: list[str]) -> dict[str, Any]:
        for row in self._torrent_rows(infohash, fields):
            return row
        raise UnknownTorrent(f"{self.address} has no torrent with the infohash {infohash.hex()}.")

    def _torrent_rows(self, infohash: bytes, fields: list[str]) -> list[dict[str, Any]]:
        """The fields of the torrent with this infohash, if there is one. Transmission knows v1 infohashes alone."""
        if len(infohash) != 20:
            return []
        return [one.fields for one in self._api.get_torrents([infohash.hex()], arguments=fields)]

    def _error_text(self, error: errors.TransmissionError) -> str:
        text = error.response.get("result") if isinstance(error.response, dict) else ""
        return quote_message(text, self.address)


def _parse_torrent(row: dict[str, Any]) -> ClientTorrent:
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
        added=_parse_timestamp(row["addedDate"]),
        finished=_parse_timestamp(row["doneDate"]),
        downloading=row["rateDownload"],
        uploading=row["rateUpload"],
        seeds=row["peersSendingToUs"],
        peers=row["peersConnected"],
        ratio=max(row["uploadRatio"], 0.0),
        seconds_left=row["eta"] if row["eta"] >= 0 else None,
        error=row["errorString"],
        started=_parse_timestamp(row.get("startDate", 0)),
        last_active=_parse_timestamp(row.get("activityDate", 0)),
    )


def _parse_tracker_state(row: dict[str, Any]) -> Literal["working", "not contacted", "failing"]:
    if not row["hasAnnounced"]:
        return "not contacted"
    return "working" if row["lastAnnounceSucceeded"] else "failing"


def _parse_timestamp(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None


def from_address(address: ClientAddress, timeout: float) -> Transmission:
    return Transmission(address, timeout)
