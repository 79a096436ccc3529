"""Counts by day and country, and what is kept of those who were counted: nothing that names them."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.apps import apps
from django.db import connection, connections
from django.db.models import BinaryField
from django.utils import timezone

from archive.census import daily_peers
from archive.census.daily_peers import PeerCount, peer_history, peers_on_day, record_count
from archive.census.daily_totals import DailyTotal, peers_by_country, totals_by_day
from archive.census.distinct_peers import HASH_BYTES, DistinctPeers, hash_address, pack_hashes, unpack_hashes
from archive.census.liveness import find_alive
from archive.census.schedule import (
    DueTorrent,
    claim_due_torrents,
    delay_until_next_count,
    enrol_new_torrents,
    request_counts,
)
from archive.errors import NotHeld
from archive.models import PeerDay, Torrent, Watched
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from tests import make

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]

KEY = bytes(32)
TORRENT = make.v1(b"watched")
HASH = make.infohashes(TORRENT)[0]
ME, ANOTHER = 1, 2
EVER = dt.date(2000, 1, 1), dt.date(2100, 1, 1)


@pytest.fixture
def watched() -> int:
    deposit(TORRENT)
    enrol_new_torrents()
    return Torrent.objects.get().pk


def sight(peers: int = 0, country: str = "BR", by: int = ME, **told: int) -> PeerCount:
    today = timezone.now().astimezone(dt.UTC).date()
    return PeerCount(today, {country: peers} if peers else {}, by, peers, **told)


def move_to(day: dt.date, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC)
    monkeypatch.setattr(timezone, "now", lambda: moment)


# What is remembered for a day


def test_a_mark_is_another_under_another_key() -> None:
    assert hash_address("51.1.2.3", KEY) != hash_address("51.1.2.3", b"\1" * 32)
    assert len(hash_address("51.1.2.3", KEY)) == HASH_BYTES
    assert len({hash_address(f"51.{a}.{b}.9", KEY) for a in range(100) for b in range(250)}) == 25_000


def test_all_addresses_of_an_ipv6_network_count_as_one_peer() -> None:
    assert hash_address("2a01:4f8:1:2::1", KEY) == hash_address("2a01:4f8:1:2:aaaa:bbbb:cccc:dddd", KEY)
    assert hash_address("2a01:4f8:1:2::1", KEY) != hash_address("2a01:4f8:1:3::1", KEY)


def test_marks_come_out_of_their_packet_as_they_went_in() -> None:
    marks = {"BR": {b"abcdef", b"ghijkl"}, "ZZ": {bytes(6)}}
    assert unpack_hashes(pack_hashes(marks)) == marks
    assert pack_hashes({"BR": [b"abcdef"]}) == b"BR\0\0\1abcdef"


def test_a_peer_seen_twice_on_a_day_is_one() -> None:
    seen, today = DistinctPeers(), dt.date(2026, 1, 1)
    assert seen.add(1, today, {"BR": ["51.1.1.1", "51.1.1.2"]}) == {"BR": 2}
    assert seen.add(1, today, {"BR": ["51.1.1.2", "51.1.1.3"], "US": ["62.1.1.2"]}) == {"BR": 3, "US": 1}
    assert seen.add(1, today, {}) == {"BR": 3, "US": 1}
    assert seen.add(2, today, {"BR": ["51.1.1.1"]}) == {"BR": 1}


def test_what_is_remembered_goes_with_its_day() -> None:
    seen, today = DistinctPeers(), dt.date(2026, 1, 1)
    seen.add(1, today, {"BR": ["51.1.1.1", "51.1.1.2"]})
    before = dict(vars(seen))
    assert seen.add(1, today + dt.timedelta(days=1), {"BR": ["51.1.1.1"]}) == {"BR": 1}
    assert vars(seen)["_key"] != before["_key"]
    assert list(vars(seen)["_marks"]) == [1]


def test_no_table_has_room_for_what_was_made_of_an_address() -> None:
    """Infohashes, and digests of torrents and of keys, are all that the index holds of bytes."""
    binary = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_app_config("archive").get_models()
        for field in model._meta.get_fields()
        if isinstance(field, BinaryField)
    }
    infohashes = {f"{model}.{name}" for model in ("Torrent", "Wanted", "Belonging") for name in ("v1", "v2")}
    other = {"Wanted.names", "Block.short", "Block.infohash", "Film.short"}
    assert binary == infohashes | other | {"Torrent.digest", "IssuedKey.digest"}


# What is counted


def test_the_figures_of_a_day_are_those_of_its_last_look(watched: int) -> None:
    record_count(watched, sight(2))
    record_count(watched, PeerCount(sight().day, {"BR": 3, "US": 1}, ME, 2))
    [day] = peer_history(HASH, *EVER)
    assert (day.countries, day.total) == ({"BR": 3, "US": 1}, 4)
    assert peers_on_day(HASH) == day


def test_of_two_that_counted_for_themselves_the_larger_number_stands(watched: int) -> None:
    record_count(watched, PeerCount(sight().day, {"BR": 3, "US": 1}, ME, 4))
    record_count(watched, PeerCount(sight().day, {"BR": 2, "US": 4, "IN": 1}, ANOTHER, 7))
    assert peers_on_day(HASH) == daily_peers.DailyPeers(sight().day, {"BR": 3, "US": 4, "IN": 1})


def test_each_day_is_counted_for_itself(watched: int, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = dt.date(2026, 1, 1), dt.date(2026, 1, 3)
    for day in (first, second):
        move_to(day, monkeypatch)
        record_count(watched, sight(1))
    assert [one.day for one in peer_history(HASH, first, second)] == [first, second]
    assert peers_on_day(HASH) == peers_on_day(HASH, second)
    assert peers_on_day(HASH, dt.date(2026, 1, 2)) is None


def test_looks_that_come_at_once_are_all_counted(watched: int) -> None:
    sights = [PeerCount(sight().day, {"BR": n, f"X{chr(64 + n)}": 1}, ME, 1) for n in range(1, 21)]

    def look(one: PeerCount) -> None:
        record_count(watched, one)
        connections.close_all()

    with ThreadPoolExecutor(8) as several:
        list(several.map(look, sights))
    day = peers_on_day(HASH)
    assert day
    assert (day.countries["BR"], day.total) == (20, 40)
    assert totals_by_day(*EVER) == [DailyTotal(day.day, 1, 1, 40)]
    assert peers_by_country(day.day) == day.countries


def test_the_totals_of_a_day_are_the_sums_of_its_torrents(
    watched: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    deposit(make.v1(b"other"))
    enrol_new_torrents()
    other = Torrent.objects.exclude(pk=watched).get().pk
    day = dt.date(2026, 1, 1)
    move_to(day, monkeypatch)
    for torrent, seen in ((watched, {}), (other, {"BR": 2}), (watched, {"BR": 5, "US": 1})):
        record_count(torrent, PeerCount(day, seen, ME, sum(seen.values())))
    assert totals_by_day(day, day) == [DailyTotal(day, 2, 2, 8)]
    assert peers_by_country(day) == {"BR": 7, "US": 1}
    move_to(later := dt.date(2026, 1, 2), monkeypatch)
    record_count(watched, sight())
    assert totals_by_day(*EVER)[1:] == [DailyTotal(later, 1, 0, 0)]
    assert peers_by_country(later) == {}
    assert totals_by_day(dt.date(2025, 1, 1), dt.date(2025, 12, 31)) == []


def test_what_a_tracker_says_is_kept_beside(watched: int) -> None:
    record_count(watched, sight(1, seeders=3, leechers=4, completed=50))
    row = Watched.objects.get()
    assert (row.peers, row.seeders, row.leechers, row.completed) == (1, 3, 4, 50)


def test_what_is_taken_down_is_not_counted_any_more(watched: int) -> None:
    record_count(watched, sight(1))
    take_down(HASH, "because")
    record_count(watched, sight(2))
    assert PeerDay.objects.count() == Watched.objects.count() == 0
    with pytest.raises(NotHeld):
        peers_on_day(HASH)


# The plan


def test_what_has_peers_is_looked_at_daily_and_the_dead_ever_more_seldom() -> None:
    now = timezone.now()
    assert [delay_until_next_count(misses, None, now).days for misses in (0, 1, 2, 6, 7, 100)] == [
        1,
        2,
        4,
        64,
        64,
        64,
    ]


def test_what_is_asked_for_is_looked_at_four_times_a_day_for_a_week() -> None:
    now = timezone.now()
    assert delay_until_next_count(5, now - dt.timedelta(days=6), now) == dt.timedelta(hours=6)
    assert delay_until_next_count(5, now - dt.timedelta(days=8), now) == dt.timedelta(days=32)


def test_alive_is_what_had_a_peer_in_one_of_the_last_two_looks(watched: int) -> None:
    states = []
    for found in (0, 1, 0, 0, 1):
        record_count(watched, sight(found))
        states.append(watched in find_alive([watched]))
    assert states == [False, True, True, False, True]


def test_a_torrent_nobody_has_looked_at_is_not_called_alive(watched: int) -> None:
    assert not find_alive([watched])


def test_a_stored_torrent_is_enrolled_and_looked_at_by_one_alone(watched: int) -> None:
    assert enrol_new_torrents() == 0
    assert claim_due_torrents(10, ME) == [DueTorrent(watched, (HASH,), (make.TRACKER.decode(),))]
    assert claim_due_torrents(10, ME) == []


def test_a_look_that_never_ends_is_for_others_after_a_while(
    watched: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = timezone.now() + dt.timedelta(minutes=11)
    claim_due_torrents(10, ME)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert len(claim_due_torrents(10, ME)) == 1


def test_many_that_claim_at_once_share_what_is_due() -> None:
    for number_ in range(60):
        deposit(make.v1(b"%d" % number_))
    enrol_new_torrents()

    def some(_: int) -> list[int]:
        claimed = [subject.torrent for subject in claim_due_torrents(7, ME)]
        connections.close_all()
        return claimed

    with ThreadPoolExecutor(8) as several:
        taken = [number_ for each in several.map(some, range(16)) for number_ in each]
    assert len(taken) == len(set(taken)) == 60


def test_who_knows_whom_it_has_counted_goes_on_counting_unless_it_is_late(
    watched: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At noon, so that the next look falls on the same day."""
    move_to(dt.date(2026, 1, 1), monkeypatch)
    request_counts(watched)
    record_count(watched, sight(1, by=ME))
    due = Watched.objects.get().due
    monkeypatch.setattr(timezone, "now", lambda: due + dt.timedelta(minutes=9))
    assert claim_due_torrents(1, ANOTHER) == []
    assert len(claim_due_torrents(1, ME)) == 1
    record_count(watched, sight(1, by=ME))  # the last look of its day: tomorrow they all know as little
    assert Watched.objects.get().known_to is None
    Watched.objects.update(known_to=ME, due=due)
    monkeypatch.setattr(timezone, "now", lambda: due + dt.timedelta(minutes=11))
    assert len(claim_due_torrents(1, ANOTHER)) == 1


def test_what_is_asked_for_comes_before_what_has_been_due_for_longer(watched: int) -> None:
    deposit(other := make.v1(b"other"))
    enrol_new_torrents()
    asked = Torrent.objects.find(make.infohashes(other)[0])
    assert asked
    Watched.objects.filter(pk=watched).update(due=timezone.now() - dt.timedelta(days=3))
    request_counts(asked.pk)
    assert [subject.torrent for subject in claim_due_torrents(1, ME)] == [asked.pk]


def test_asking_brings_a_far_look_near(watched: int) -> None:
    for _ in range(6):
        record_count(watched, sight())
    assert Watched.objects.get().due > timezone.now() + dt.timedelta(days=60)
    request_counts(watched)
    assert Watched.objects.get().due < timezone.now() + dt.timedelta(hours=7)


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    connection.close()
