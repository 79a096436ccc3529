"""Lists of infohashes for mirrors are complete, in the order of storing, and differ from broken ones."""

import bz2
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from archive.browse import infohash_lists
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from tests import make
from tests.missing_table import missing_table
from tests.stored_times import set_stored_times

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def current_time() -> datetime:
    return datetime.now(UTC)


def read_body(response: Any) -> bytes:
    assert response.status_code == 200
    return b"".join(response)


def read_list(client: Client, name: str) -> list[str]:
    *lines, end, nothing = read_body(client.get(f"/sync/{name}")).decode().split("\n")
    assert (end, nothing) == ("", "")
    return lines


@pytest.fixture
def days_stored() -> dict[datetime, str]:
    """A torrent for each of the last hundred days, the oldest first, as a clock would have stored them."""
    stored = {}
    for n in range(100, -1, -1):
        torrent = make.v1(b"day %d" % n)
        deposit(torrent)
        stored[current_time() - timedelta(days=n)] = make.v1_hash(torrent)
    set_stored_times(stored)
    return stored


def test_the_list_of_a_day_has_its_torrents_and_no_others(
    client: Client, days_stored: dict[datetime, str]
) -> None:
    for day, infohash in days_stored.items():
        assert read_list(client, f"{day:%Y%m%d}.txt") == [infohash]
    assert read_list(client, "20010203.txt") == []


def test_a_day_begins_at_midnight_and_ends_before_the_next(client: Client) -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    times = [
        day - timedelta(seconds=1),
        day,
        day + timedelta(hours=23, minutes=59),
        day + timedelta(days=1),
    ]
    torrents = [make.v1(b"%d" % n) for n in range(len(times))]
    for torrent in torrents:
        deposit(torrent)
    set_stored_times(times)
    assert read_list(client, "20260301.txt") == [make.v1_hash(torrent) for torrent in torrents[1:3]]


def test_the_list_of_a_month_has_the_torrents_of_its_days(
    client: Client, days_stored: dict[datetime, str]
) -> None:
    month = f"{current_time() - timedelta(days=40):%Y%m}"
    expected = [infohash for day, infohash in days_stored.items() if f"{day:%Y%m}" == month]
    assert len(expected) >= 28
    assert read_list(client, f"{month}.txt") == expected


def test_the_all_lists_have_everything_up_to_their_month(
    client: Client, days_stored: dict[datetime, str]
) -> None:
    assert read_list(client, "all.txt") == list(days_stored.values())
    month = f"{current_time() - timedelta(days=40):%Y%m}"
    packed = read_body(client.get(f"/sync/all{month}.txt.bz2"))
    expected = [infohash for day, infohash in days_stored.items() if f"{day:%Y%m}" <= month]
    assert bz2.decompress(packed).decode().split() == expected


def test_the_named_lists_together_are_everything(client: Client, days_stored: dict[datetime, str]) -> None:
    names = read_body(client.get("/sync/")).decode().split()
    assert [infohash for name in names for infohash in read_list(client, name)] == list(days_stored.values())
    assert names[-1] == f"{current_time():%Y%m%d}.txt"
    assert len(names) <= 31 + 5


def test_an_empty_archive_names_no_list(client: Client) -> None:
    assert read_body(client.get("/sync/")) == b""
    assert read_list(client, "all.txt") == []


def test_each_torrent_is_listed_under_the_infohash_it_is_stored_under(client: Client) -> None:
    hybrid, v2 = make.hybrid(b"hybrid"), make.v2(b"second")
    for torrent in (hybrid, v2):
        deposit(torrent)
    assert read_list(client, "all.txt") == [make.v1_hash(hybrid), make.v2_hash(v2)]


def test_a_torrent_that_was_taken_down_is_not_listed(client: Client) -> None:
    torrent = make.v1(b"gone")
    deposit(torrent)
    take_down(make.infohashes(torrent)[0], "Court order")
    assert read_list(client, "all.txt") == []


@pytest.mark.parametrize(
    "name",
    [
        "20261399.txt",
        "202613.txt",
        "2026.txt",
        ".txt",
        "all20261120.txt",
        "ALL.txt",
        "00000000.txt",
        "99991231.txt",
    ]
    + ["999912.txt", "²⁰²⁶¹¹.txt", "all.txt.gz", "../all.txt"],
)
def test_a_name_that_is_no_list_is_not_found(client: Client, name: str) -> None:
    answer = client.get(f"/sync/{name}")
    assert answer.status_code == 404
    if ".." not in name:
        assert answer["Content-Type"].startswith("text/plain")


@pytest.mark.django_db(transaction=True)
def test_a_list_that_breaks_off_has_no_proper_end(
    client: Client, days_stored: dict[datetime, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infohash_lists, "PAGE_SIZE", 10)
    assert read_body(client.get("/sync/all.txt")).endswith(b"\n\n")
    assert not read_until_outage(client.get("/sync/all.txt")).endswith(b"\n\n")
    unpacker = bz2.BZ2Decompressor()
    unpacker.decompress(read_until_outage(client.get("/sync/all.txt.bz2")))
    assert not unpacker.eof


def read_until_outage(answer: Any) -> bytes:
    chunks = iter(answer)
    first = [next(chunks) for _ in range(3)]
    with missing_table("archive_torrent"):
        return b"".join(first + list(chunks))


def test_where_listing_is_off_there_are_no_lists(client: Client, settings: Settings) -> None:
    settings.LISTING = False
    for path in ("/sync/", "/sync/all.txt"):
        assert client.get(path).status_code == 404


# Times of a wrong clock


def store_at(*times: datetime) -> list[str]:
    """Store a torrent at each of these times, in this order; returns their infohashes."""
    torrents = [make.v1(b"%d" % n) for n in range(len(times))]
    for torrent in torrents:
        deposit(torrent)
    set_stored_times(times)
    return [make.v1_hash(torrent) for torrent in torrents]


@pytest.mark.parametrize("year", [1970, 2000, 2036, 2200])
def test_a_wrong_clock_takes_no_torrent_out_of_the_list_of_its_day(client: Client, year: int) -> None:
    """The wrong day has more torrents than any other, stored in the middle of them."""
    wrong = [datetime(year, 1, 1, 0, n, tzinfo=UTC) for n in range(60)]
    days = [current_time() - timedelta(days=n) for n in range(30, 0, -1)]
    hashes = store_at(*days[:20], *wrong, *days[20:])
    for day, infohash in zip(days, hashes[:20] + hashes[80:], strict=True):
        assert read_list(client, f"{day:%Y%m%d}.txt") == [infohash]
    names = read_body(client.get("/sync/")).decode().split()
    assert sorted(h for name in names for h in read_list(client, name)) == sorted(hashes)
    assert names[-1] == f"{current_time():%Y%m%d}.txt"


def test_torrents_stored_when_a_clock_said_an_earlier_day_are_in_its_list(client: Client) -> None:
    days = [current_time() - timedelta(days=n) for n in range(50, 0, -1)]
    hashes = store_at(*days, days[3], days[3])
    assert read_list(client, f"{days[3]:%Y%m%d}.txt") == [hashes[3], *hashes[50:]]
    assert read_list(client, f"{days[4]:%Y%m%d}.txt") == [hashes[4]]


def test_a_list_that_grew_late_is_named_after_later_ones(client: Client) -> None:
    """So a mirror knows that it must read the list again."""
    past = [datetime(2020, 1, day, tzinfo=UTC) for day in (1, 2)] + [datetime(2020, 2, 1, tzinfo=UTC)]
    store_at(*past, datetime(1970, 1, 1, tzinfo=UTC), past[1])
    names = read_body(client.get("/sync/")).decode().split()
    assert names == ["202002.txt", "197001.txt", "202001.txt", f"{current_time():%Y%m%d}.txt"]


@pytest.mark.django_db(transaction=True)
def test_an_outage_asks_to_try_again_later(client: Client) -> None:
    for path, table in (("/sync/", "archive_storedday"), ("/sync/all.txt", "archive_torrent")):
        with missing_table(table):
            answer = client.get(path)
        assert (answer.status_code, answer["Retry-After"]) == (503, "30")
