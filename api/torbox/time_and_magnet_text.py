"""How TorBox writes a time and a magnet link."""

from collections.abc import Iterable
from datetime import UTC, datetime

from archive.access.key_torrents import KeyTorrent
from metainfo.magnet import Magnet, format_magnet


def magnet_link(torrent: KeyTorrent | Magnet, name: str, trackers: Iterable[str] = ()) -> str:
    v1, v2 = (infohash.hex() if infohash else None for infohash in (torrent.v1, torrent.v2))
    return format_magnet(v1, v2, name, trackers)


def format_time(time: datetime) -> str:
    """ISO 8601, in UTC."""
    return time.astimezone(UTC).isoformat()
