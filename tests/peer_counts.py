"""Counts of peers, recorded as the census records them, and the time that the census believes."""

import datetime as dt
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from archive.census.daily_peers import PeerCount, record_count
from archive.census.schedule import enrol_new_torrents
from archive.models import Torrent
from archive.torrents.deposit import deposit
from archive.torrents.index_entries import find_entry
from metainfo.infohash import infohash_to_hex
from metainfo.magnet import parse_magnet
from tests import make

THIS_CENSUS, ANOTHER_CENSUS = 1, 2


def record_peers(torrent: bytes, *addresses: str, **scrape: int) -> None:
    """Record one count of a stored torrent, which found these addresses, all in BR, and a tracker that says this."""
    enrol_new_torrents()
    v1, v2 = make.infohashes(torrent)
    row_id = find_entry(parse_magnet(infohash_to_hex(v1 or v2))).number
    record_count(row_id, count_of(len(set(addresses)), "BR", THIS_CENSUS, **scrape))


def count_of(peers: int = 0, country: str = "BR", census_id: int = THIS_CENSUS, **scrape: int) -> PeerCount:
    """A count of today with so many peers, all of one country."""
    return PeerCount(today(), {country: peers} if peers else {}, census_id, peers, **scrape)


def today() -> dt.date:
    return timezone.now().astimezone(UTC).date()


def store_and_enrol(torrent: bytes) -> int:
    """Store a torrent and make it known to the census; returns its row id."""
    deposit(torrent)
    enrol_new_torrents()
    row = Torrent.objects.find(make.infohashes(torrent)[0])
    assert row
    return row.pk


def set_time(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: now)


def set_day(day: dt.date, monkeypatch: pytest.MonkeyPatch) -> None:
    """At noon, so that a count in six hours falls on the same day."""
    set_time(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), monkeypatch)
