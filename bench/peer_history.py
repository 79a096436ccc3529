"""Measures the table of daily peer counts: rows and bytes for a million torrents and a year, and the time to read.

python -m bench.peer_history --database postgres --rows 100000000    needs 130 bytes of disk a row, and minutes

The rows are those of a year of what `archive/census/schedule.py` plans: of 35 looks 20 are at the living, the same
each day, and 15 at the dead, each in its turn. Assumed, not measured: n peers or more have 1/n of the living, up to
1,000, and countries are drawn from 60 by Zipf's law. They lie in the order in which a census writes them, but on
SQLite, which keeps them in the order of their key. "From the disk": the page cache was emptied of the files before.
"""

import argparse
import os
import random
import time
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import partial
from glob import glob
from json import dumps
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = (
    "tests.settings"  # an archive of its own, on the database of --database
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402

from archive.census.daily_peers import peer_history, peers_on_day  # noqa: E402
from archive.db.driver import choose, is_postgresql, is_sqlite  # noqa: E402
from archive.models import PeerDay, Torrent  # noqa: E402

FIRST, DAYS = date(2025, 1, 1), 365
LAST = FIRST + timedelta(days=DAYS - 1)
A_DAY = 35_000  # looks, for a million torrents
LIVING, DEAD_EVERY = 20 / 35, 64
POOL, SAMPLE = 1_000, 300

_POOL = "CREATE TABLE pool (number integer PRIMARY KEY, countries {})"
_DAY_TABLE = "CREATE TABLE days (number integer PRIMARY KEY, day text, phase integer)"
_LIVING_BY_DAY = """
    INSERT INTO archive_peerday (torrent_id, day, countries)
    SELECT i %% %s + 1, date '2025-01-01' + (i / %s)::int, countries
    FROM generate_series(0::bigint, %s) AS i JOIN pool ON number = i * 7919 %% 1000
"""
_DEAD_BY_DAY = """
    INSERT INTO archive_peerday (torrent_id, day, countries)
    SELECT %s + 1 + i / %s %% 64 * %s + i %% %s, date '2025-01-01' + (i / %s)::int, '{}'
    FROM generate_series(0::bigint, %s) AS i
"""
_NUMBERS = "WITH RECURSIVE one(n) AS (VALUES (%s) UNION ALL SELECT n + 1 FROM one WHERE n < %s)"
_LIVING_BY_KEY = f"""
    INSERT INTO archive_peerday (torrent_id, day, countries) {_NUMBERS}
    SELECT n, day, countries FROM one CROSS JOIN days
    CROSS JOIN pool ON pool.number = (n * 365 + days.number) * 7919 %% 1000
"""
_DEAD_BY_KEY = f"""
    INSERT INTO archive_peerday (torrent_id, day, countries) {_NUMBERS}
    SELECT n, day, '{{}}' FROM one CROSS JOIN days ON phase = n %% 64
"""
_TORRENTS_AT_ONCE = 5_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--rows", type=int, default=5_000_000)
    rows = parser.parse_args().rows
    call_command("migrate", verbosity=0)
    began, empty = time.perf_counter(), table_size()
    living = insert_peer_days(rows // DAYS)
    rows, full = PeerDay.objects.count(), table_size() - empty
    print(
        f"{rows:,} rows in {time.perf_counter() - began:.0f} s, {full / rows:.0f} bytes each, index and all;"
    )
    print(f"a million torrents and a year: {A_DAY * 365:,} rows, {A_DAY * 365 * full / rows / 1e9:.2f} GB")
    some = add_torrents(living)
    drop_file_cache()
    print("                      p50 ms   p99 ms   max ms   CPU ms")
    print_times("from the disk", {"60 days": 60}, some[: SAMPLE // 2])
    drop_file_cache()
    print_times("from the disk", {"a year": DAYS}, some[SAMPLE // 2 :])
    print_times("from memory", {"a day": 0, "60 days": 60, "a year": DAYS}, some)
    connections.close_all()


def insert_peer_days(a_day: int) -> int:
    """Inserts the rows of so many counts a day; returns how many torrents are alive: those with the lowest ids."""
    living = int(a_day * LIVING)
    json = choose(postgresql="jsonb", sqlite="text")
    rng = random.Random(1)
    with connection.cursor() as cursor:
        cursor.execute(_POOL.format(json))
        pool = [(number, dumps(draw_countries(rng))) for number in range(POOL)]
        cursor.executemany("INSERT INTO pool VALUES (%s, %s)", pool)
    choose(postgresql=insert_in_postgresql, sqlite=insert_in_sqlite)(living, a_day - living)
    return living


def draw_countries(rng: random.Random) -> dict[str, int]:
    """The peers by country of one torrent that is alive."""
    codes = [a + b for a in "ABCDEF" for b in "KLMNOPQRST"]
    weights = [1 / (n + 1) for n in range(len(codes))]
    found: dict[str, int] = {}
    for code in rng.choices(codes, weights, k=min(1_000, int(1 / (1 - rng.random())))):
        found[code] = found.get(code, 0) + 1
    return found


def insert_in_postgresql(living: int, dead: int) -> None:
    """Inserts day by day, as a census does, and makes the index at the end."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # without the check of each foreign key
        cursor.execute("SET maintenance_work_mem = '1GB'")
        cursor.execute("ALTER TABLE archive_peerday SET UNLOGGED")
        cursor.execute("ALTER TABLE archive_peerday DROP CONSTRAINT archive_peerday_pkey")
        cursor.execute(_LIVING_BY_DAY, [living, living, living * DAYS - 1])
        cursor.execute(_DEAD_BY_DAY, [living, dead, dead, dead, dead, dead * DAYS - 1])
        cursor.execute("ALTER TABLE archive_peerday ADD PRIMARY KEY (torrent_id, day)")
        cursor.execute("ANALYZE archive_peerday")
        cursor.execute("SET session_replication_role = origin")


def insert_in_sqlite(living: int, dead: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys = OFF")
        cursor.execute(_DAY_TABLE)
        days = [(n, FIRST + timedelta(days=n), n % DEAD_EVERY) for n in range(DAYS)]
        cursor.executemany("INSERT INTO days VALUES (%s, %s, %s)", days)
        cursor.execute("CREATE INDEX phases ON days (phase, number)")
        last = living + dead * DEAD_EVERY
        for insert, first, end in ((_LIVING_BY_KEY, 1, living), (_DEAD_BY_KEY, living + 1, last)):
            for start in range(first, end + 1, _TORRENTS_AT_ONCE):
                cursor.execute(insert, [start, min(start + _TORRENTS_AT_ONCE - 1, end)])
        cursor.execute("PRAGMA foreign_keys = ON")


def add_torrents(living: int) -> list[bytes]:
    """Adds the torrents of some rows of those that are alive; returns their infohashes."""
    numbers = random.Random(2).sample(range(1, living + 1), SAMPLE)
    Torrent.objects.bulk_create(
        Torrent(pk=n, v1=n.to_bytes(20), name="x", size=1, files=1, length=1, digest=bytes(32))
        for n in numbers
    )
    return [n.to_bytes(20) for n in numbers]


def print_times(how: str, spans: dict[str, int], infohashes: list[bytes]) -> None:
    for name, days in spans.items():
        first = LAST - timedelta(days=days - 1)
        look = partial(peer_history, first=first, last=LAST) if days else peers_on_day
        cpu_before = measure_cpu()
        durations = sorted(map(time_calls(look), infohashes))
        each = (measure_cpu() - cpu_before) / len(durations) * 1000
        p50, p99 = durations[len(durations) // 2], durations[len(durations) * 99 // 100]
        print(f"{how:14} {name:8} {p50:8.2f} {p99:8.2f} {durations[-1]:8.2f} {each:8.2f}", flush=True)


def time_calls(look: Callable[[bytes], object]) -> Callable[[bytes], float]:
    def time_call(infohash: bytes) -> float:
        began = time.perf_counter()
        assert look(infohash)
        return (time.perf_counter() - began) * 1000

    return time_call


def measure_cpu() -> float:
    """Seconds of CPU time used by this process and, with PostgreSQL, by its backend process."""
    ours = time.process_time()
    if is_sqlite():
        return ours
    fields = (
        Path(f"/proc/{query_value('SELECT pg_backend_pid()')}/stat").read_text().rpartition(")")[2].split()
    )
    return ours + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def table_size() -> int:
    if is_postgresql():
        return int(
            query_value("SELECT pg_table_size('archive_peerday') + pg_indexes_size('archive_peerday')")
        )
    return int(query_value("PRAGMA page_count")) * int(query_value("PRAGMA page_size"))


def drop_file_cache() -> None:
    """Makes the system forget the table's files in its page cache, after they are written to the disk."""
    if is_postgresql():
        query_value("CHECKPOINT")
        folder = query_value("SHOW data_directory")
        names = ("archive_peerday", "archive_peerday_pkey")
        paths = [f"{folder}/{query_value(f'SELECT pg_relation_filepath({name!r})')}" for name in names]
    else:
        query_value("PRAGMA wal_checkpoint(TRUNCATE)")
        paths = [str(connection.settings_dict["NAME"])]
    connections.close_all()
    for path in (found for each in paths for found in glob(f"{each}*")):
        file = os.open(path, os.O_RDONLY)
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def query_value(question: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(question)
        answers: Iterable[tuple[object, ...]] = cursor.fetchall() if cursor.description else [("",)]
        return str(next(iter(answers))[0])


if __name__ == "__main__":
    main()
