"""A torrent that is to be deposited: its bytes are unpacked, parsed and allowed, and nothing is stored yet."""

from dataclasses import dataclass

from django.conf import settings

from archive.errors import PrivateTorrent
from archive.models import Torrent
from metainfo import parse_torrent
from metainfo.decompress import decompress_torrent


@dataclass(frozen=True, slots=True)
class Candidate:
    """A torrent that may be stored, as far as its bytes alone can tell. `row` is not saved."""

    torrent: bytes  # unpacked
    row: Torrent
    trackers: tuple[str, ...]
    infohash: bytes  # the one that it would be stored under


def parse_candidate(torrent: bytes) -> Candidate:
    """The bytes may be packed (gzip, bzip2). Raises EmptyTorrent, TooLarge, NotATorrent, PrivateTorrent."""
    torrent = decompress_torrent(torrent, settings.MAX_TORRENT_BYTES)
    parsed = parse_torrent(torrent, settings.MAX_TORRENT_BYTES)
    if parsed.private and settings.PRIVATE_TORRENTS == "refuse":
        raise PrivateTorrent(
            "This torrent is private (BEP 27): its announce URL holds its uploader's passkey."
        )
    return Candidate(torrent, Torrent.from_metainfo(torrent, parsed), parsed.trackers, parsed.infohash)
