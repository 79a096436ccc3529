"""Measures search among a million names: milliseconds for common and rare words, and what its index costs inserts.

python -m bench.search --database postgres --names 1000000
"""

import argparse
import os
import random
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, NamedTuple

import django

os.environ["DJANGO_SETTINGS_MODULE"] = (
    "tests.settings"  # an archive of its own, on the database of --database
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402

from archive.browse.search import SearchPage, SearchQuery, search_torrents  # noqa: E402
from archive.db.driver import choose  # noqa: E402
from archive.naming.search_words import kind_word, split_words  # noqa: E402
from archive.naming.torrent_kind import guess_kind  # noqa: E402

Search = Callable[[int], SearchPage]

_BATCH = 1_000
_INSERT = "INSERT INTO archive_torrent (v1, name, size, files, length, digest, complete, words) VALUES "
_ROW = "(%s, %s, %s, 1, 30000, %s, true, %s)"
_TAGS = [
    "1080p",
    "720p",
    "2160p",
    "x264",
    "x265",
    "bluray",
    "web",
    "dl",
    "hdtv",
    "flac",
    "mp3",
    "iso",
    "pdf",
    "epub",
]
_DROP = {
    "sqlite": [
        "DROP TRIGGER torrent_searchable",
        "DROP TRIGGER torrent_gone",
        "DROP TRIGGER torrent_reworded",
    ],
    "postgresql": ["DROP INDEX archive_torrent_words"],
}


# The census has counted every torrent; one in fifty has peers.
_COUNTED = """
    INSERT INTO archive_watched (torrent_id, due, looked_at, misses, peers, seeders)
    SELECT id, stored_at, stored_at, CASE id % 50 WHEN 0 THEN 0 ELSE 6 END, CASE id % 50 WHEN 0 THEN 9 ELSE 0 END, 5
    FROM archive_torrent
"""


class InsertRate(NamedTuple):
    rows: float  # a second
    cpu: float  # microseconds a row, of this process: all there is with SQLite

    def __str__(self) -> str:
        return f"{self.rows:8,.0f} rows/s, {self.cpu:6,.0f} us CPU a row"


def make_names(count: int, seed: int = 1) -> Iterator[str]:
    """Words by Zipf's law from 200,000, a year, and the tags that release names carry: nine words each."""
    rng = random.Random(seed)
    for _ in range(count):
        rare = [f"word{int(200_000 ** rng.random())}" for _ in range(5)]
        yield ".".join([*rare, str(rng.randint(1990, 2026)), *rng.sample(_TAGS, 3)])


def insert_torrents(count: int, seed: int, per_statement: int) -> InsertRate:
    """Rows a second, each statement a transaction of its own, as an upload or an import makes them."""
    rows: list[list[Any]] = []
    for name in make_names(count, seed):
        words = list(split_words(name))
        rows.append(
            [
                os.urandom(20),
                name,
                random.randrange(10**10),
                bytes(32),
                " ".join([kind_word(guess_kind(name, words, "")), *words]),
            ]
        )
    began, cpu_before = time.perf_counter(), time.process_time()
    with connection.cursor() as cursor:
        for start in range(0, count, per_statement):
            some = rows[start : start + per_statement]
            cursor.execute(_INSERT + ", ".join([_ROW] * len(some)), [value for row in some for value in row])
    return InsertRate(count / (time.perf_counter() - began), (time.process_time() - cpu_before) / count * 1e6)


def measure_search(search: Search, rounds: int) -> str:
    spent, cpu_before = [], time.process_time()
    for number in range(rounds):
        began = time.perf_counter()
        search(number)
        spent.append((time.perf_counter() - began) * 1000)
    cpu = (time.process_time() - cpu_before) / rounds * 1000
    spent.sort()
    return f"{median(spent):8.2f} {spent[len(spent) * 99 // 100]:8.2f} {spent[-1]:8.2f} {cpu:8.2f}"


def print_times(rounds: int) -> None:
    def make_search(template: str, **filters: int) -> Search:
        return lambda n: search_torrents(SearchQuery(template.format(n=n, rare=50_000 + n * 97), **filters))  # type: ignore[arg-type]

    searches: dict[str, Search] = {
        "newest": make_search(""),
        "1 common word": make_search("1080p"),
        "2 common words": make_search("1080p flac"),
        "3 common words": make_search("word1 hdtv 2001"),
        "a middling word": make_search("word{n}"),
        "a rare word": make_search("word{rare}"),
        "a rare and a common one": make_search("word{rare} 1080p"),
        "2 middling words": make_search("word10{n} word20{n}"),
        "no such word": make_search("nothing{n}"),
        "common, rare size": make_search("1080p", min_size=10**10 - 1000),
        "newest, rare size": make_search("", min_size=10**10 - 1000),
        "alive": make_search("", alive=True),
        "alive, 1 common word": make_search("1080p", alive=True),
        "alive, 3 common words": make_search("word1 hdtv 2001", alive=True),
        "alive, a middling word": make_search("word{n}", alive=True),
        "alive, rare size": make_search("", min_size=10**10 - 1000, alive=True),
        "page 20 of a common": lambda n: search_torrents(SearchQuery("1080p"), offset=950),
    }
    print(f"{'':26} p50 ms   p99 ms   max ms   CPU ms   hits")
    for what, search in searches.items():
        hits = len(search(0).hits)
        print(f"{what:24} {measure_search(search, rounds)} {hits:6}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    print(f"{options.names:,} names: {insert_torrents(options.names, 1, _BATCH)}, in batches of {_BATCH}")
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED)
        if options.database == "postgres":
            cursor.execute("ANALYZE")
    print_times(options.rounds)
    with_index = [insert_torrents(1_000, 100 + n, 1) for n in range(5)], insert_torrents(50_000, 200, _BATCH)
    with connection.cursor() as cursor:
        for statement in choose(**_DROP):
            cursor.execute(statement)
    without = [insert_torrents(1_000, 300 + n, 1) for n in range(5)], insert_torrents(50_000, 400, _BATCH)
    for what, (single, batch) in {"with its index": with_index, "without": without}.items():
        print(f"{what:16} one by one {sorted(single)[2]}; in batches {batch}")
    connections.close_all()


if __name__ == "__main__":
    main()
