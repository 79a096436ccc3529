"""The census plans its counts by what it found before, and no two processes count the same torrent."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.utils import timezone

from archive.census.daily_peers import record_count
from archive.census.liveness import find_alive
from archive.census.schedule import (
    DueTorrent,
    claim_due_torrents,
    delay_until_next_count,
    enrol_new_torrents,
    request_counts,
)
from archive.models import Watched
from archive.torrents.deposit import deposit
from tests import make
from tests.peer_counts import ANOTHER_CENSUS, THIS_CENSUS, count_of, set_day, set_time, store_and_enrol

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]

TORRENT = make.v1(b"watched")
HASH = make.infohashes(TORRENT)[0]


@pytest.fixture
def watched() -> int:
    """The row id of a torrent that the census knows."""
    return store_and_enrol(TORRENT)


# The plan


def test_what_has_peers_is_counted_daily_and_what_has_none_ever_more_seldom() -> None:
    now = timezone.now()
    days = [delay_until_next_count(misses, None, now).days for misses in (0, 1, 2, 6, 7, 100)]
    assert days == [1, 2, 4, 64, 64, 64]


def test_what_is_asked_for_is_counted_four_times_a_day_for_a_week() -> None:
    now = timezone.now()
    assert delay_until_next_count(5, now - dt.timedelta(days=6), now) == dt.timedelta(hours=6)
    assert delay_until_next_count(5, now - dt.timedelta(days=8), now) == dt.timedelta(days=32)


def test_a_torrent_is_alive_if_one_of_its_last_two_counts_found_a_peer(watched: int) -> None:
    states = []
    for peers in (0, 1, 0, 0, 1):
        record_count(watched, count_of(peers))
        states.append(watched in find_alive([watched]))
    assert states == [False, True, True, False, True]


def test_a_torrent_that_was_never_counted_is_not_called_alive(watched: int) -> None:
    assert not find_alive([watched])


def test_a_request_makes_a_far_count_due_soon(watched: int) -> None:
    for _ in range(6):
        record_count(watched, count_of(0))
    assert Watched.objects.get().due > timezone.now() + dt.timedelta(days=60)
    request_counts(watched)
    assert Watched.objects.get().due < timezone.now() + dt.timedelta(hours=7)


# Claims


def test_a_stored_torrent_is_enrolled_and_claimed_once(watched: int) -> None:
    assert enrol_new_torrents() == 0
    claimed = claim_due_torrents(10, THIS_CENSUS)
    assert claimed == [DueTorrent(watched, (HASH,), (make.TRACKER.decode(),))]
    assert claim_due_torrents(10, THIS_CENSUS) == []


def test_a_claim_whose_count_never_ends_expires(watched: int, monkeypatch: pytest.MonkeyPatch) -> None:
    later = timezone.now() + dt.timedelta(minutes=11)
    claim_due_torrents(10, THIS_CENSUS)
    set_time(later, monkeypatch)
    assert len(claim_due_torrents(10, THIS_CENSUS)) == 1


def test_processes_that_claim_at_the_same_time_share_what_is_due() -> None:
    for number in range(60):
        deposit(make.v1(b"%d" % number))
    enrol_new_torrents()

    def claim(_: int) -> list[int]:
        claimed = [due.torrent for due in claim_due_torrents(7, THIS_CENSUS)]
        connections.close_all()
        return claimed

    with ThreadPoolExecutor(8) as threads:
        claimed = [torrent for each in threads.map(claim, range(16)) for torrent in each]
    assert len(claimed) == len(set(claimed)) == 60


def test_the_process_that_knows_the_peers_of_a_day_counts_again_unless_it_is_late(
    watched: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_day(dt.date(2026, 1, 1), monkeypatch)
    request_counts(watched)
    record_count(watched, count_of(1))
    due = Watched.objects.get().due
    set_time(due + dt.timedelta(minutes=9), monkeypatch)
    assert claim_due_torrents(1, ANOTHER_CENSUS) == []
    assert len(claim_due_torrents(1, THIS_CENSUS)) == 1
    record_count(
        watched, count_of(1)
    )  # the last count of its day: tomorrow no process knows more than another
    assert Watched.objects.get().known_to is None
    Watched.objects.update(known_to=THIS_CENSUS, due=due)
    set_time(due + dt.timedelta(minutes=11), monkeypatch)
    assert len(claim_due_torrents(1, ANOTHER_CENSUS)) == 1


def test_what_is_asked_for_is_claimed_before_what_has_been_due_for_longer(watched: int) -> None:
    asked = store_and_enrol(make.v1(b"other"))
    Watched.objects.filter(pk=watched).update(due=timezone.now() - dt.timedelta(days=3))
    request_counts(asked)
    assert [due.torrent for due in claim_due_torrents(1, THIS_CENSUS)] == [asked]


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    connection.close()
