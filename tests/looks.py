"""Looks of the census at stored torrents, as it records them."""

from archive.catalogue import look
from archive.census import enrol
from archive.infohash import spell
from archive.magnet import read
from archive.marks import mark
from archive.peers import Sight, record, today_key
from tests import make


def look_at(torrent: bytes, *addresses: str, **told: int) -> None:
    """One look, which found these addresses, and whatever a tracker told."""
    enrol()
    v1, v2 = make.infohashes(torrent)
    day, key = today_key()
    marks = {"BR": {mark(one, key) for one in addresses}} if addresses else {}
    record(look(read(spell(v1 or v2))).number, Sight(day, marks, **told))
