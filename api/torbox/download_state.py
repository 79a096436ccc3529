"""The state of a torrent in TorBox's words: its own list of states, and qBittorrent's names for the rest."""

from datetime import datetime
from typing import NamedTuple

from api.torbox.stall import has_stalled, note_movement
from archive.access.key_torrents import KeyTorrent
from archive.queue.wish_status import WishStatus
from clients import ClientTorrent, TorrentState

_NAMES: dict[TorrentState, str] = {
    "metadata": "metaDL",
    "queued": "queuedDL",
    "checking": "checkingResumeData",
    "moving": "moving",
    "failed": "error",
}
_INACTIVE = ("stopped", "failed", "unknown")


class DownloadState(NamedTuple):
    """`name` is TorBox's `download_state`. `present`: its content may be fetched."""

    name: str
    active: bool
    progress: float  # 0 to 1
    finished: bool
    present: bool


def state_in_client(torrent: ClientTorrent, added_at: datetime) -> DownloadState:
    """`added_at`: when it was added to the account."""
    is_finished = (
        torrent.progress >= 1 and torrent.size > 0 and torrent.state not in ("metadata", "checking", "failed")
    )
    name = _name_if_finished(torrent) if is_finished else _name_if_unfinished(torrent, added_at)
    return DownloadState(
        name, torrent.state not in _INACTIVE, torrent.progress, is_finished, present=is_finished
    )


def missing_in_client() -> DownloadState:
    """The client does not have the torrent any more."""
    return DownloadState("missing", active=False, progress=0.0, finished=False, present=False)


def state_without_client(mine: KeyTorrent, wish: WishStatus | None) -> DownloadState:
    """For a key without a client: a torrent is finished as soon as it is held, and has no content to fetch.

    `wish`: how the request for it stands, if it is not held.
    """
    if mine.entry:
        return DownloadState("cached", active=False, progress=1.0, finished=True, present=False)
    is_sought = wish is None or wish.state == "pending"
    name = "metaDL" if is_sought else "stalled (no seeds)"
    return DownloadState(name, active=True, progress=0.0, finished=False, present=False)


def _name_if_finished(torrent: ClientTorrent) -> str:
    """Never `completed`: clients go on waiting for a torrent in that state."""
    return "uploading" if torrent.state == "seeding" and torrent.uploading else "cached"


def _name_if_unfinished(torrent: ClientTorrent, added_at: datetime) -> str:
    is_waiting = torrent.state in ("downloading", "seeding") and not (torrent.downloading or torrent.seeds)
    if is_waiting and torrent.size:
        return "stalled (no seeds)" if has_stalled(torrent, added_at) else "downloading"
    note_movement(torrent)
    match torrent.state:
        case "downloading" | "queued" if not torrent.size:
            return "metaDL"
        case "downloading" | "seeding":
            return "downloading"
        case "stopped":
            return "paused"
    return _NAMES.get(torrent.state, "unknown")
