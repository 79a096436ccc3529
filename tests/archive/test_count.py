"""The sums that triggers keep (of all torrents, of each version, of each day), and the recount that corrects them."""

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


def insert_rows(day: dt.datetime, number: int) -> None:
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


def test_each_version_is_counted_until_it_is_taken_down() -> None:
    torrents = [make.v1(b"1"), make.v1(b"2"), make.v2(b"3"), make.hybrid(b"4"), make.hybrid(b"5")]
    list(deposit_many(torrents))
    assert (count_torrents(), count_versions()) == (5, VersionCounts(2, 1, 2))
    take_down(make.infohashes(torrents[4])[0], "because")
    take_down(bytes.fromhex(make.v2_hash(torrents[2])), "because")
    assert (count_torrents(), count_versions()) == (3, VersionCounts(2, 0, 1))


def test_a_torrent_counts_for_the_day_on_which_it_came_in_utc() -> None:
    insert_rows(dt.datetime(2026, 1, 1, 23, 59, 59, tzinfo=dt.UTC), 3)
    insert_rows(dt.datetime(2026, 1, 2, 0, 0, tzinfo=dt.UTC), 2)
    insert_rows(dt.datetime(2026, 1, 5, 1, tzinfo=dt.timezone(dt.timedelta(hours=5))), 4)
    assert count_by_day(*EVER) == {dt.date(2026, 1, 1): 3, dt.date(2026, 1, 2): 2, dt.date(2026, 1, 4): 4}
    assert count_by_day(dt.date(2026, 1, 2), dt.date(2026, 1, 3)) == {dt.date(2026, 1, 2): 2}
    Torrent.objects.filter(stored_at__lt="2026-01-02 00:00Z").delete()
    assert count_by_day(*EVER) == {dt.date(2026, 1, 2): 2, dt.date(2026, 1, 4): 4}


def test_a_deposit_counts_for_today() -> None:
    today = dt.datetime.now(dt.UTC).date()
    deposit(make.v1())
    assert sum(count_by_day(today - dt.timedelta(days=1), today + dt.timedelta(days=1)).values()) == 1


def test_a_row_that_is_ignored_is_not_counted() -> None:
    """If a statement says OR IGNORE, SQLite applies that to the statements of its triggers too."""
    deposit(make.v1())
    known = Torrent.objects.get()
    known.pk = None
    Torrent.objects.bulk_create([known], ignore_conflicts=True)
    more = Torrent.objects.get()
    more.pk, more.v1 = None, b"\1" * 20
    Torrent.objects.bulk_create([more], ignore_conflicts=True)
    assert (count_torrents(), sum(count_by_day(*EVER).values())) == (2, 2)


def test_a_recount_corrects_every_sum() -> None:
    list(deposit_many([make.v1(b"1"), make.hybrid(b"2"), make.v2(b"3")]))
    days = count_by_day(*EVER)
    Tally.objects.filter(shard=0).update(stored=F("stored") + 7, v2=F("v2") - 1, hybrid=9)
    StoredDay.objects.create(day=dt.date(2020, 1, 1), shard=0, stored=5)
    StoredDay.objects.filter(day__gt="2026-01-01").update(stored=F("stored") + 1)
    assert recount(dry_run=True) == (3, 10)
    assert count_versions() != VersionCounts(1, 1, 1)
    assert recount() == (3, 10)
    assert (count_torrents(), count_versions(), count_by_day(*EVER)) == (3, VersionCounts(1, 1, 1), days)


def day_spans() -> dict[dt.date, tuple[int, int]]:
    """The lowest and the highest row id of each day."""
    days = StoredDay.objects.values_list("day").annotate(Min("lowest"), Max("highest"))
    return {day: (lowest, highest) for day, lowest, highest in days}


def test_each_day_has_its_first_and_last_row_and_a_recount_restores_them() -> None:
    first, second = (dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (1, 2))
    insert_rows(first, 3)
    insert_rows(second, 2)
    insert_rows(first + dt.timedelta(hours=1), 1)
    numbers = list(Torrent.objects.order_by("pk").values_list("pk", flat=True))
    right = {first.date(): (numbers[0], numbers[5]), second.date(): (numbers[3], numbers[4])}
    assert day_spans() == right
    StoredDay.objects.filter(day=second).update(lowest=2**63 - 1, highest=0)
    StoredDay.objects.filter(day=first).update(highest=numbers[4])
    recount(dry_run=True)
    assert day_spans() != right
    recount()
    assert day_spans() == right and count_by_day(*EVER) == {first.date(): 4, second.date(): 2}
    StoredDay.objects.update(
        lowest=2**63 - 1, highest=0
    )  # the migration that adds these columns leaves old days so
    prepare_tallies()
    assert day_spans() == right


def test_a_recount_fills_tables_that_were_emptied() -> None:
    deposit(make.v1())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM archive_tally")
        cursor.execute("DELETE FROM archive_storedday")
    recount()
    assert (count_torrents(), sum(count_by_day(*EVER).values())) == (1, 1)


def test_the_count_follows_the_rows_however_they_change() -> None:
    for n in range(5):
        deposit(make.v1(b"%d" % n))
    assert count_torrents() == 5
    Torrent.objects.filter(name__in=["0", "1"]).delete()
    assert count_torrents() == 3
    Torrent.objects.bulk_create(
        [Torrent(v1=bytes([n]) * 20, size=0, files=0, length=0, digest=b"") for n in range(9)]
    )
    assert count_torrents() == 12


def test_a_recount_corrects_a_wrong_tally() -> None:
    deposit(make.v1())
    Tally.objects.update(stored=100)
    wrong = count_torrents()
    assert recount(dry_run=True) == recount() == (1, wrong)
    assert (count_torrents(), recount()) == (1, (1, 1))
