"""Counts of peers become figures by day and country, of each torrent and of all together."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from archive.census.daily_peers import DailyPeers, PeerCount, peer_history, peers_on_day, record_count
from archive.census.daily_totals import DailyTotal, peers_by_country, totals_by_day
from archive.errors import NotHeld
from archive.models import PeerDay, Watched
from archive.takedowns.takedown import take_down
from tests import make
from tests.peer_counts import ANOTHER_CENSUS, THIS_CENSUS, count_of, set_day, store_and_enrol, today

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]

TORRENT = make.v1(b"watched")
HASH = make.infohashes(TORRENT)[0]
EVER = dt.date(2000, 1, 1), dt.date(2100, 1, 1)


@pytest.fixture
def watched() -> int:
    """The row id of a torrent that the census knows."""
    return store_and_enrol(TORRENT)


def test_the_figures_of_a_day_are_those_of_its_last_count(watched: int) -> None:
    record_count(watched, count_of(2))
    record_count(watched, PeerCount(today(), {"BR": 3, "US": 1}, THIS_CENSUS, 2))
    [day] = peer_history(HASH, *EVER)
    assert (day.countries, day.total) == ({"BR": 3, "US": 1}, 4)
    assert peers_on_day(HASH) == day


def test_of_two_processes_that_counted_the_larger_number_of_each_country_stands(watched: int) -> None:
    record_count(watched, PeerCount(today(), {"BR": 3, "US": 1}, THIS_CENSUS, 4))
    record_count(watched, PeerCount(today(), {"BR": 2, "US": 4, "IN": 1}, ANOTHER_CENSUS, 7))
    assert peers_on_day(HASH) == DailyPeers(today(), {"BR": 3, "US": 4, "IN": 1})


def test_each_day_has_figures_of_its_own(watched: int, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = dt.date(2026, 1, 1), dt.date(2026, 1, 3)
    for day in (first, second):
        set_day(day, monkeypatch)
        record_count(watched, count_of(1))
    assert [day.day for day in peer_history(HASH, first, second)] == [first, second]
    assert peers_on_day(HASH) == peers_on_day(HASH, second)
    assert peers_on_day(HASH, dt.date(2026, 1, 2)) is None


def test_counts_that_are_recorded_at_the_same_time_are_all_in_the_figures(watched: int) -> None:
    counts = [PeerCount(today(), {"BR": n, f"X{chr(64 + n)}": 1}, THIS_CENSUS, 1) for n in range(1, 21)]

    def record(count: PeerCount) -> None:
        record_count(watched, count)
        connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(record, counts))
    day = peers_on_day(HASH)
    assert day
    assert (day.countries["BR"], day.total) == (20, 40)
    assert totals_by_day(*EVER) == [DailyTotal(day.day, 1, 1, 40)]
    assert peers_by_country(day.day) == day.countries


def test_the_totals_of_a_day_are_the_sums_of_its_torrents(
    watched: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = store_and_enrol(make.v1(b"other"))
    day = dt.date(2026, 1, 1)
    set_day(day, monkeypatch)
    for torrent, countries in ((watched, {}), (other, {"BR": 2}), (watched, {"BR": 5, "US": 1})):
        record_count(torrent, PeerCount(day, countries, THIS_CENSUS, sum(countries.values())))
    assert totals_by_day(day, day) == [DailyTotal(day, 2, 2, 8)]
    assert peers_by_country(day) == {"BR": 7, "US": 1}
    set_day(later := dt.date(2026, 1, 2), monkeypatch)
    record_count(watched, count_of(0))
    assert totals_by_day(*EVER)[1:] == [DailyTotal(later, 1, 0, 0)]
    assert peers_by_country(later) == {}
    assert totals_by_day(dt.date(2025, 1, 1), dt.date(2025, 12, 31)) == []


def test_the_figures_of_a_tracker_are_kept_beside_the_count(watched: int) -> None:
    record_count(watched, count_of(1, seeders=3, leechers=4, completed=50))
    row = Watched.objects.get()
    assert (row.peers, row.seeders, row.leechers, row.completed) == (1, 3, 4, 50)


def test_what_is_taken_down_is_not_counted_any_more(watched: int) -> None:
    record_count(watched, count_of(1))
    take_down(HASH, "because")
    record_count(watched, count_of(2))
    assert PeerDay.objects.count() == Watched.objects.count() == 0
    with pytest.raises(NotHeld):
        peers_on_day(HASH)


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    connection.close()
