"""What the tests of the queue of wishes share."""

from datetime import timedelta

from archive.models import Wanted
from metainfo.magnet import Magnet
from tests import make

TORRENT = make.v1(b"wanted")
HASH = make.infohashes(TORRENT)[0]
WISH = Magnet(HASH, trackers=("udp://one.example:1/announce",), peers=(("192.0.2.1", 1),))
ADDRESS, OTHER_ADDRESS = "198.51.100.1", "198.51.100.2"


def absent_magnets(count: int) -> list[Magnet]:
    """Links to torrents that no peer has."""
    return [Magnet(number.to_bytes(20, "big")) for number in range(count)]


def pass_time(delay: timedelta) -> None:
    """Move every wish so far into the past."""
    for row in Wanted.objects.all():
        row.next_try, row.asked_at, row.since = row.next_try - delay, row.asked_at - delay, row.since - delay
        row.tried_at = row.tried_at and row.tried_at - delay
        row.leased_until = row.leased_until and row.leased_until - delay
        row.save()
