"""Looks of the census at stored torrents, as it records them."""

from datetime import UTC, datetime

from archive.census.daily_peers import PeerCount, record_count
from archive.census.schedule import enrol_new_torrents
from archive.torrents.catalogue import find_entry
from metainfo.infohash import infohash_to_hex
from metainfo.magnet import parse_magnet
from tests import make


def count_peers_of(torrent: bytes, *addresses: str, **told: int) -> None:
    """One look, which found these addresses, and whatever a tracker told."""
    enrol_new_torrents()
    v1, v2 = make.infohashes(torrent)
    found = len(set(addresses))
    today, countries = datetime.now(UTC).date(), {"BR": found} if found else {}
    record_count(
        find_entry(parse_magnet(infohash_to_hex(v1 or v2))).number,
        PeerCount(today, countries, by=1, found=found, **told),
    )
