"""Whether an unfinished torrent has stalled: it has had no peer to fetch from for five minutes.

A moment without seeds is no verdict: Decypharr deletes a torrent, with its data, as soon as it reads `stalled`.
Counted are the times that the torrent client tells (added, last started, last transfer), the time at which the
torrent came into the account, and what this process saw in earlier requests: another state, or other progress.
qBittorrent does not tell when a torrent was resumed; a program that polls has shown it to this process as paused.
"""

from datetime import datetime, timedelta
from threading import Lock

from django.utils import timezone

from clients import ClientTorrent

STALLED_AFTER = timedelta(minutes=5)
_MAX_REMEMBERED = 20_000  # torrents

_lock = Lock()
_moves: dict[str, tuple[float, datetime]] = {}  # by the client's id: progress, and when it last moved


def note_movement(torrent: ClientTorrent) -> None:
    """The torrent has just been started, or is in a state that is none of waiting for seeds."""
    with _lock:
        _moves.pop(torrent.id, None)  # so that it is the newest of all
        _moves[torrent.id] = torrent.progress, timezone.now()
        if len(_moves) > _MAX_REMEMBERED:
            del _moves[next(iter(_moves))]


def has_stalled(torrent: ClientTorrent, added_at: datetime) -> bool:
    """Whether nothing has moved for five minutes. `added_at`: when the torrent was added to the account."""
    progress, seen_at = _moves.get(torrent.id, (torrent.progress, None))
    if progress != torrent.progress:
        note_movement(torrent)
        return False
    times = (added_at, torrent.added, torrent.started, torrent.last_active, seen_at)
    return timezone.now() - max(filter(None, times)) >= STALLED_AFTER
