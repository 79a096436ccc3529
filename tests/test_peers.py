"""Counts by day and country, and what is kept of those who were counted: nothing that names them."""

import datetime as dt
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.utils import timezone

from archive import peers
from archive.census import Subject, ask, claim, enrol, gap
from archive.deposit import deposit
from archive.errors import NotHeld
from archive.liveness import living
from archive.marks import WIDTH, mark, number, pack, unpack
from archive.models import DayKey, DayMarks, PeerDay, Torrent, Watched
from archive.peers import Sight, history, on, record, today_key
from archive.takedown import take_down
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)

KEY = bytes(32)
TORRENT = make.v1(b"watched")
HASH = make.infohashes(TORRENT)[0]


@pytest.fixture
def watched() -> int:
    deposit(TORRENT)
    enrol()
    return Torrent.objects.get().pk


def sight(*addresses: str, country: str = "BR", **told: int) -> Sight:
    day, key = today_key()
    return Sight(day, {country: {mark(one, key) for one in addresses}} if addresses else {}, **told)


def move_to(day: dt.date, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC)
    monkeypatch.setattr(timezone, "now", lambda: moment)


# What is kept


def test_a_mark_is_another_under_another_key_and_stands_for_many_addresses() -> None:
    assert mark("51.1.2.3", KEY) != mark("51.1.2.3", b"\1" * 32)
    assert len(mark("51.1.2.3", KEY)) == WIDTH == 3
    of_many = {mark(f"{a}.{b}.{c}.9", KEY) for a in range(1, 6) for b in range(100) for c in range(100)}
    assert len(of_many) < 50_000  # some stand for several


def test_an_ipv6_household_is_one_peer_whatever_it_calls_itself_today() -> None:
    assert mark("2a01:4f8:1:2::1", KEY) == mark("2a01:4f8:1:2:aaaa:bbbb:cccc:dddd", KEY)
    assert mark("2a01:4f8:1:2::1", KEY) != mark("2a01:4f8:1:3::1", KEY)


def test_as_many_are_reported_as_most_likely_were_there() -> None:
    """What falls together is expected: of 200,000 addresses some 1,200 share a mark with another."""
    marks = {mark(socket.inet_ntoa((n * 2_654_435_761 % 2**32).to_bytes(4)), KEY) for n in range(200_000)}
    assert 198_600 < len(marks) < 199_000
    assert number(len(marks)) == pytest.approx(200_000, rel=0.001)
    assert [number(n) for n in (0, 1, 80, 240, 1000)] == [0, 1, 80, 240, 1000]


def test_marks_come_back_from_the_table_as_they_went_in() -> None:
    marks = {"BR": {b"abc", b"def"}, "ZZ": {b"\0\0\0"}}
    assert unpack(pack(marks)) == marks
    assert pack({"BR": [b"abc"]}) == b"BR\0\0\1abc"


def test_key_and_marks_go_with_their_day(watched: int, monkeypatch: pytest.MonkeyPatch) -> None:
    record(watched, sight("51.1.1.1"))
    assert DayMarks.objects.count() == DayKey.objects.count() == 1
    old = bytes(DayKey.objects.get().key)
    tomorrow = timezone.now().date() + dt.timedelta(days=1)
    move_to(tomorrow, monkeypatch)
    assert today_key() != (tomorrow, old)
    assert DayMarks.objects.count() == 0
    assert DayKey.objects.get().day == tomorrow
    assert PeerDay.objects.get().countries == {"BR": 1}


# What is counted


def test_a_peer_seen_twice_on_a_day_is_one(watched: int) -> None:
    record(watched, sight("51.1.1.1", "51.1.1.2"))
    record(watched, sight("51.1.1.2", "51.1.1.3"))
    record(watched, sight("62.1.1.2", country="US"))
    [day] = history(HASH, dt.date(2000, 1, 1), dt.date(2100, 1, 1))
    assert (day.countries, day.total) == ({"BR": 3, "US": 1}, 4)
    assert on(HASH) == day


def test_each_day_is_counted_for_itself(watched: int, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = dt.date(2026, 1, 1), dt.date(2026, 1, 3)
    for day in (first, second):
        move_to(day, monkeypatch)
        record(watched, sight("51.1.1.1"))
    assert [one.day for one in history(HASH, first, second)] == [first, second]
    assert on(HASH) == on(HASH, second)
    assert on(HASH, dt.date(2026, 1, 2)) is None


def test_a_look_that_ends_after_its_day_adds_to_no_day(watched: int, monkeypatch: pytest.MonkeyPatch) -> None:
    move_to(dt.date(2026, 1, 1), monkeypatch)
    record(watched, sight("51.1.1.1", "51.1.1.2"))
    late = sight("51.1.1.3")
    move_to(dt.date(2026, 1, 2), monkeypatch)
    today_key()
    record(watched, late)
    assert on(HASH, dt.date(2026, 1, 1)) == peers.Day(dt.date(2026, 1, 1), {"BR": 2})
    assert on(HASH, dt.date(2026, 1, 2)) is None


def test_looks_that_come_at_once_are_all_counted(watched: int) -> None:
    sights = [sight(f"51.1.1.{n}") for n in range(20)]

    def look(one: Sight) -> None:
        record(watched, one)
        connections.close_all()

    with ThreadPoolExecutor(8) as several:
        list(several.map(look, sights))
    assert on(HASH) == peers.Day(sights[0].day, {"BR": 20})


def test_what_a_tracker_says_is_kept_beside(watched: int) -> None:
    record(watched, sight("51.1.1.1", seeders=3, leechers=4, completed=50))
    row = Watched.objects.get()
    assert (row.peers, row.seeders, row.leechers, row.completed) == (1, 3, 4, 50)


def test_what_is_taken_down_is_not_counted_any_more(watched: int) -> None:
    record(watched, sight("51.1.1.1"))
    late = sight("51.1.1.2")
    take_down(HASH, "because")
    record(watched, late)
    assert PeerDay.objects.count() == DayMarks.objects.count() == Watched.objects.count() == 0
    with pytest.raises(NotHeld):
        on(HASH)


# The plan


def test_what_has_peers_is_looked_at_daily_and_the_dead_ever_more_seldom() -> None:
    now = timezone.now()
    assert [gap(misses, None, now).days for misses in (0, 1, 2, 6, 7, 100)] == [1, 2, 4, 64, 64, 64]


def test_what_is_asked_for_is_looked_at_four_times_a_day_for_a_week() -> None:
    now = timezone.now()
    assert gap(5, now - dt.timedelta(days=6), now) == dt.timedelta(hours=6)
    assert gap(5, now - dt.timedelta(days=8), now) == dt.timedelta(days=32)


def test_alive_is_what_had_a_peer_in_one_of_the_last_two_looks(watched: int) -> None:
    states = []
    for addresses in ([], ["51.1.1.1"], [], [], ["51.1.1.1"]):
        record(watched, sight(*addresses))
        states.append(watched in living([watched]))
    assert states == [False, True, True, False, True]


def test_a_torrent_nobody_has_looked_at_is_not_called_alive(watched: int) -> None:
    assert not living([watched])


def test_a_stored_torrent_is_enrolled_and_looked_at_by_one_alone(watched: int) -> None:
    assert enrol() == 0
    assert claim(10) == [Subject(watched, (HASH,), (make.TRACKER.decode(),))]
    assert claim(10) == []


def test_a_look_that_never_ends_is_for_others_after_a_while(
    watched: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = timezone.now() + dt.timedelta(minutes=11)
    claim(10)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert len(claim(10)) == 1


def test_many_that_claim_at_once_share_what_is_due() -> None:
    for number_ in range(60):
        deposit(make.v1(b"%d" % number_))
    enrol()

    def some(_: int) -> list[int]:
        claimed = [subject.torrent for subject in claim(7)]
        connections.close_all()
        return claimed

    with ThreadPoolExecutor(8) as several:
        taken = [number_ for each in several.map(some, range(16)) for number_ in each]
    assert len(taken) == len(set(taken)) == 60


def test_what_is_asked_for_comes_before_what_has_been_due_for_longer(watched: int) -> None:
    deposit(other := make.v1(b"other"))
    enrol()
    asked = Torrent.objects.find(make.infohashes(other)[0])
    assert asked
    Watched.objects.filter(pk=watched).update(due=timezone.now() - dt.timedelta(days=3))
    ask(asked.pk)
    assert [subject.torrent for subject in claim(1)] == [asked.pk]


def test_asking_brings_a_far_look_near(watched: int) -> None:
    for _ in range(6):
        record(watched, sight())
    assert Watched.objects.get().due > timezone.now() + dt.timedelta(days=60)
    ask(watched)
    assert Watched.objects.get().due < timezone.now() + dt.timedelta(hours=7)


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    connection.close()
