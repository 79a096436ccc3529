"""How a torrent stands, in TorBox's words: its own list of states, and qBittorrent's names for the rest."""

from typing import NamedTuple

from archive.access.key_torrents import KeyTorrent
from archive.queue.wish_status import WishStatus
from clients import ClientTorrent, TorrentState

_STATES: dict[TorrentState, str] = {
    "metadata": "metaDL",
    "queued": "queuedDL",
    "checking": "checkingResumeData",
    "moving": "moving",
    "failed": "error",
}
_AT_REST = ("stopped", "failed", "unknown")


class DownloadState(NamedTuple):
    """`present`: its content may be fetched."""

    state: str
    active: bool
    progress: float  # 0 to 1
    finished: bool
    present: bool


def state_in_client(torrent: ClientTorrent) -> DownloadState:
    done = (
        torrent.progress >= 1 and torrent.size > 0 and torrent.state not in ("metadata", "checking", "failed")
    )
    active = torrent.state not in _AT_REST
    return DownloadState(_done(torrent) if done else _undone(torrent), active, torrent.progress, done, done)


def missing_in_client() -> DownloadState:
    """The client does not have it any more."""
    return DownloadState("missing", False, 0.0, False, False)


def state_without_client(mine: KeyTorrent, standing: WishStatus | None) -> DownloadState:
    """What is held is all that there is to have, and it has no content."""
    if mine.entry:
        return DownloadState("cached", False, 1.0, True, False)
    sought = standing is None or standing.state == "pending"
    return DownloadState("metaDL" if sought else "stalled (no seeds)", True, 0.0, False, False)


def _done(torrent: ClientTorrent) -> str:
    """`completed` is not for this: clients go on waiting for what is called so."""
    return "uploading" if torrent.state == "seeding" and torrent.uploading else "cached"


def _undone(torrent: ClientTorrent) -> str:
    match torrent.state:
        case "downloading" | "queued" if not torrent.size:
            return "metaDL"
        case "downloading" | "seeding":
            return "downloading" if torrent.downloading or torrent.seeds else "stalled (no seeds)"
        case "stopped":
            return "paused"
    return _STATES.get(torrent.state, "unknown")
