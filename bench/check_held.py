"""Measures how long it takes to find which of many infohashes are held, among a million torrents; aim: 200 ms.

python -m bench.check_held --database postgres --torrents 1000000
"""

import argparse
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import django

os.environ["DJANGO_SETTINGS_MODULE"] = (
    "tests.settings"  # an archive of its own, on the database of --database
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402

from archive.db.driver import is_postgresql  # noqa: E402
from archive.torrents.held import find_held  # noqa: E402

_BATCH = 1_000
_INSERT = "INSERT INTO archive_torrent (v1, v2, name, size, files, length, digest, complete, words) VALUES "
_ROW = "(%s, %s, 'name', 1, 1, 30000, %s, true, '=other name')"
_ASKED = (100, 5_000, 20_000)

Pair = tuple[bytes | None, bytes | None]


def insert_torrents(count: int) -> list[Pair]:
    """Inserts torrents: half are v1, a quarter v2 and a quarter hybrid. Returns their infohashes."""
    made: list[Pair] = []
    for number in range(count):
        v1, v2 = os.urandom(20), os.urandom(32)
        made.append(((v1, None), (v1, None), (None, v2), (v1, v2))[number % 4])
    with connection.cursor() as cursor:
        for start in range(0, count, _BATCH):
            sample = made[start : start + _BATCH]
            values = [value for pair in sample for value in (*pair, bytes(32))]
            cursor.execute(_INSERT + ", ".join([_ROW] * len(sample)), values)
    return made


def measure_cpu() -> float:
    """Seconds of CPU time used by this process and, with PostgreSQL, by its backend process."""
    if not is_postgresql():
        return time.process_time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [(backend,)] = cursor.fetchall()
    spent = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[11:13]
    return time.process_time() + sum(map(int, spent)) / os.sysconf("SC_CLK_TCK")


def print_times(kind: str, held: Sequence[bytes], length: int, rounds: int) -> None:
    """Prints a line for each number of infohashes; seven in ten are held, as in a collection that is compared."""
    for asked in _ASKED:
        durations, cpu_before, found = [], measure_cpu(), 0
        for _ in range(rounds):
            sample = random.sample(held, asked * 7 // 10) + [
                os.urandom(length) for _ in range(asked * 3 // 10)
            ]
            began = time.perf_counter()
            found = len(find_held(sample))
            durations.append((time.perf_counter() - began) * 1000)
        cpu = (measure_cpu() - cpu_before) / rounds * 1000
        print(
            f"{kind:16} {asked:6,} {median(durations):8.1f} {max(durations):8.1f} {cpu:8.1f} {found:8,}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--torrents", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    made = insert_torrents(options.torrents)
    if options.database == "postgres":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    v1s, v2s = [v1 for v1, _ in made if v1], [v2 for _, v2 in made if v2]
    print(f"{'':16} {'asked':>6} {'p50 ms':>8} {'max ms':>8} {'CPU ms':>8} {'held':>8}")
    print_times("v1", v1s, 20, options.rounds)
    print_times("v2", v2s, 32, options.rounds)
    print_times("truncated v2", [v2[:20] for v2 in v2s], 20, options.rounds)
    connections.close_all()


if __name__ == "__main__":
    main()
