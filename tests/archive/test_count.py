"""The tallies that triggers keep: of all torrents, of each kind, of each day."""

import datetime as dt

import pytest
from django.db import connection
from django.db.models import F, Max, Min

from archive.models import StoredDay, Tally, Torrent
from archive.takedowns.takedown import take_down
from archive.torrents.count import VersionCounts, count_by_day, count_torrents, count_versions
from archive.torrents.deposit import deposit, deposit_many
from archive.torrents.recount import prepare_tallies, recount
from tests import make

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

EVER = dt.date(1970, 1, 1), dt.date(2999, 1, 1)


def rows(day: dt.datetime, number: int) -> None:
    Torrent.objects.bulk_create(
        Torrent(
            v1=day.isoformat().encode()[:18].ljust(19) + bytes([n]),
            name="x",
            size=1,
            files=1,
            length=1,
            digest=b"x",
            stored_at=day,
        )
        for n in range(number)
    )


def test_each_kind_is_counted_until_it_is_taken_down() -> None:
    torrents = [make.v1(b"1"), make.v1(b"2"), make.v2(b"3"), make.hybrid(b"4"), make.hybrid(b"5")]
    list(deposit_many(torrents))
    assert (count_torrents(), count_versions()) == (5, VersionCounts(2, 1, 2))
    take_down(make.infohashes(torrents[4])[0], "because")
    take_down(bytes.fromhex(make.v2_hash(torrents[2])), "because")
    assert (count_torrents(), count_versions()) == (3, VersionCounts(2, 0, 1))


def test_a_torrent_counts_for_the_day_on_which_it_came_in_utc() -> None:
    rows(dt.datetime(2026, 1, 1, 23, 59, 59, tzinfo=dt.UTC), 3)
    rows(dt.datetime(2026, 1, 2, 0, 0, tzinfo=dt.UTC), 2)
    rows(dt.datetime(2026, 1, 5, 1, tzinfo=dt.timezone(dt.timedelta(hours=5))), 4)
    assert count_by_day(*EVER) == {dt.date(2026, 1, 1): 3, dt.date(2026, 1, 2): 2, dt.date(2026, 1, 4): 4}
    assert count_by_day(dt.date(2026, 1, 2), dt.date(2026, 1, 3)) == {dt.date(2026, 1, 2): 2}
    Torrent.objects.filter(stored_at__lt="2026-01-02 00:00Z").delete()
    assert count_by_day(*EVER) == {dt.date(2026, 1, 2): 2, dt.date(2026, 1, 4): 4}


def test_what_is_stored_today_counts_today() -> None:
    today = dt.datetime.now(dt.UTC).date()
    deposit(make.v1())
    assert sum(count_by_day(today - dt.timedelta(days=1), today + dt.timedelta(days=1)).values()) == 1


def test_a_row_that_is_ignored_is_not_counted() -> None:
    """Where a statement says OR IGNORE, SQLite means it for those of its triggers too."""
    deposit(make.v1())
    known = Torrent.objects.get()
    known.pk = None
    Torrent.objects.bulk_create([known], ignore_conflicts=True)
    more = Torrent.objects.get()
    more.pk, more.v1 = None, b"\1" * 20
    Torrent.objects.bulk_create([more], ignore_conflicts=True)
    assert (count_torrents(), sum(count_by_day(*EVER).values())) == (2, 2)


def test_whatever_is_wrong_is_put_right_by_counting() -> None:
    list(deposit_many([make.v1(b"1"), make.hybrid(b"2"), make.v2(b"3")]))
    days = count_by_day(*EVER)
    Tally.objects.filter(shard=0).update(stored=F("stored") + 7, v2=F("v2") - 1, hybrid=9)
    StoredDay.objects.create(day=dt.date(2020, 1, 1), shard=0, stored=5)
    StoredDay.objects.filter(day__gt="2026-01-01").update(stored=F("stored") + 1)
    assert recount(dry_run=True) == (3, 10)
    assert count_versions() != VersionCounts(1, 1, 1)
    assert recount() == (3, 10)
    assert (count_torrents(), count_versions(), count_by_day(*EVER)) == (3, VersionCounts(1, 1, 1), days)


def spans() -> dict[dt.date, tuple[int, int]]:
    """By day, the lowest and the highest of its rows."""
    days = StoredDay.objects.values_list("day").annotate(Min("lowest"), Max("highest"))
    return {day: (lowest, highest) for day, lowest, highest in days}


def test_each_day_knows_its_first_and_its_last_row_and_counting_brings_back_what_it_forgot() -> None:
    first, second = (dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (1, 2))
    rows(first, 3)
    rows(second, 2)
    rows(first + dt.timedelta(hours=1), 1)
    numbers = list(Torrent.objects.order_by("pk").values_list("pk", flat=True))
    right = {first.date(): (numbers[0], numbers[5]), second.date(): (numbers[3], numbers[4])}
    assert spans() == right
    StoredDay.objects.filter(day=second).update(lowest=2**63 - 1, highest=0)
    StoredDay.objects.filter(day=first).update(highest=numbers[4])
    recount(dry_run=True)
    assert spans() != right
    recount()
    assert spans() == right and count_by_day(*EVER) == {first.date(): 4, second.date(): 2}
    StoredDay.objects.update(lowest=2**63 - 1, highest=0)  # as the migration that brings them leaves old days
    prepare_tallies()
    assert spans() == right


def test_a_tally_that_was_emptied_is_begun_anew() -> None:
    deposit(make.v1())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM archive_tally")
        cursor.execute("DELETE FROM archive_storedday")
    recount()
    assert (count_torrents(), sum(count_by_day(*EVER).values())) == (1, 1)
