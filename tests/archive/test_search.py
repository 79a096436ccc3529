"""Search finds torrents by words, newest first, in bounded time, and no query is an error."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from archive.browse import fulltext_index, search
from archive.browse.search import SearchPage, SearchQuery, search_torrents
from archive.db.driver import choose, is_postgresql
from archive.errors import NotListed
from archive.models import Torrent
from archive.naming.search_words import split_words
from archive.naming.torrent_kind import TorrentKind
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit, deposit_many
from archive.torrents.scrub import Verdict, scrub
from tests import make
from tests.stored_times import set_stored_times

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

BYTES = {"sqlite": "blob", "postgresql": "bytea"}


def store_named(*names: str | bytes) -> list[bytes]:
    """Store torrents of these names in this order, so that the last is the newest."""
    torrents = [make.v1(name.encode() if isinstance(name, str) else name) for name in names]
    for torrent in torrents:
        deposit(torrent)
    return torrents


def search_names(text: str = "", **more: object) -> list[str]:
    return names(search_torrents(SearchQuery(text, **more)))  # type: ignore[arg-type]


def names(page: SearchPage) -> list[str]:
    return [hit.name for hit in page.hits]


def all_pages(query: SearchQuery, limit: int) -> list[SearchPage]:
    pages = [search_torrents(query, limit=limit)]
    while (before := pages[-1].next_before) is not None:
        pages.append(search_torrents(query, limit=limit, before=before))
    return pages


# What matches


def test_all_words_must_occur_in_any_order_and_case() -> None:
    store_named("ubuntu-24.04-desktop-amd64.iso", "Ubuntu.22.04.SERVER.iso", "debian-12.iso")
    assert search_names("UBUNTU") == ["Ubuntu.22.04.SERVER.iso", "ubuntu-24.04-desktop-amd64.iso"]
    assert search_names("iso desktop, ubuntu!") == ["ubuntu-24.04-desktop-amd64.iso"]
    assert search_names("ubuntu debian") == []
    assert search_names("buntu") == []


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("Café Ünïcode", "cafe unicode"),
        ("Cafe", "CAFÉ"),
        ("cafe\u0301", "caf\u00e9"),  # two spellings of one letter
        ("Straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("Ёлка", "елка"),
        ("日本語タイトル 東京", "東京 日本"),  # no spaces are written there
        ("हिन्दी गीत", "हिन्दी"),
        ("한국어", "한국어"),
        ("ｆｕｌｌ ｗｉｄｔｈ", "full width"),
        ("it's_a.test", "it s a test"),
        ("𝔊𝔬𝔱𝔥𝔦𝔠", "gothic"),
        ("x" * 300, "x" * 300),
    ],
)
def test_letter_case_accents_and_script_do_not_matter(name: str, asked: str) -> None:
    store_named("something else", name)
    assert search_names(asked) == [name]


def test_a_season_finds_its_episodes() -> None:
    store_named("The.Show.S01E02.mkv", "The.Show.S02E01.mkv", "The.Show.S01.COMPLETE")
    assert search_names("the show s01") == ["The.Show.S01.COMPLETE", "The.Show.S01E02.mkv"]


def test_an_infohash_or_magnet_link_finds_that_torrent() -> None:
    [torrent] = store_named("a.bin")
    infohash = make.v1_hash(torrent)
    for spelling in (infohash.lower(), f" magnet:?xt=urn:btih:{infohash}&dn=x"):
        assert search_names(spelling) == ["a.bin"]
    assert search_names("AB" * 20) == []


def test_a_search_without_words_lists_the_newest_first() -> None:
    store_named("one", "two", "three")
    assert search_names() == search_names("  ") == ["three", "two", "one"]


@pytest.mark.parametrize(
    "nonsense",
    [
        '"',
        "'",
        "*",
        "!!!",
        "AND",
        "a AND",
        "NEAR(",
        "words:",
        "col : x",
        "(",
        "-",
        "^",
        "|",
        "&",
        "'a':*",
        "\\",
        "\0",
    ]
    + [
        "%",
        "=",
        "=film",
        "\ud800",
        "\u202e",
        "x" * 1_000_000,
        "a " * 100_000,
        "é" * 5_000,
        "' | 'a",
        "=audio",
    ],
)
def test_no_query_text_is_an_error(nonsense: str) -> None:
    store_named("hello", "song.mp3")
    for query in (nonsense, f"hello {nonsense}", f"hello{nonsense}"):
        assert set(search_names(query)) <= {"hello"}


def test_torrents_of_any_name_are_indexed() -> None:
    hostile = [
        b"nul\0nul",
        b"\xff\xfe\xfd",
        b"n" * 5_000_000,
        b"a " * 20_000,
        b"'; DROP TABLE x; --",
        b"=film",
    ]
    hostile += ["photo\u202egnp.exe".encode(), "\ud800".encode("utf-8", "surrogatepass"), b'"quoted" AND *']
    store_named(*hostile)
    assert len(search_names()) == len(hostile)
    assert search_names("photo") == ["photo\u202egnp.exe"]
    assert search_names("drop table") == ["'; DROP TABLE x; --"]


# Filters


def test_results_are_filtered_by_size_and_number_of_files() -> None:
    for torrent in (
        make.v1(b"small", 100),
        make.v1(b"large", 10_000_000),
        make.v1(b"many", files={(b"%d" % n,): 10 for n in range(30)}),
    ):
        deposit(torrent)
    assert search_names(min_size=101) == ["many", "large"]
    assert search_names(max_size=300) == ["many", "small"]
    assert search_names("large", max_size=300) == []
    assert search_names(min_files=2) == ["many"]
    assert search_names(max_files=29) == ["large", "small"]


def test_results_are_filtered_by_the_time_of_storing() -> None:
    store_named(*(f"day {n}" for n in range(9)))
    first = datetime(2026, 1, 1, tzinfo=UTC)
    set_stored_times(first + timedelta(days=n) for n in range(9))
    since, until = first + timedelta(days=2), first + timedelta(days=4)
    assert search_names(since=since) == [f"day {n}" for n in range(8, 1, -1)]
    assert search_names(until=until) == ["day 3", "day 2", "day 1", "day 0"]
    assert search_names("day", since=since, until=until) == ["day 3", "day 2"]
    assert search_names(since=until, until=since) == search_names(since=first + timedelta(days=99)) == []


def test_candidates_older_than_the_time_filter_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MORE_CANDIDATES", (1,))
    store_named(*(f"day {n}" for n in range(30)))
    first = datetime(2026, 1, 1, tzinfo=UTC)
    set_stored_times(first + timedelta(days=n) for n in range(30))
    pages = all_pages(SearchQuery("day", since=first + timedelta(days=29)), limit=1)
    assert [names(page) for page in pages] == [["day 29"]]


@pytest.mark.parametrize("wrong", [1970, 2036])
def test_times_of_a_wrong_clock_are_found_and_cost_one_step(
    monkeypatch: pytest.MonkeyPatch, wrong: int
) -> None:
    """It says the same wrong day twice, a year apart: the ids in between are skipped in one step."""
    monkeypatch.setattr(search, "MORE_CANDIDATES", (1,))
    store_named(*(f"part {n}" for n in range(60)))
    first, other = datetime(2024, 1, 1, tzinfo=UTC), datetime(wrong, 1, 1, tzinfo=UTC)
    set_stored_times(other if 20 <= n < 30 or n >= 50 else first + timedelta(days=n) for n in range(60))
    for text in ("", "part"):
        early = all_pages(SearchQuery(text, until=first + timedelta(days=20), since=first), limit=20)
        assert [names(page) for page in early] == [[f"part {n}" for n in range(19, -1, -1)]]
        day = all_pages(SearchQuery(text, since=other, until=other + timedelta(days=1)), limit=100)
        assert [name for page in day for name in names(page)] == [
            f"part {n}" for n in [*range(59, 49, -1), *range(29, 19, -1)]
        ]


def test_results_are_filtered_by_kind() -> None:
    store_named("Album.flac", "The.Show.S01E02.1080p.mkv", "A.Film.2001.DVDRip.avi")
    assert search_names(kinds=(TorrentKind.AUDIO, TorrentKind.FILM_SD)) == [
        "A.Film.2001.DVDRip.avi",
        "Album.flac",
    ]
    assert search_names("show", kinds=(TorrentKind.SERIES_HD,)) == ["The.Show.S01E02.1080p.mkv"]
    assert search_names("show", kinds=(TorrentKind.AUDIO,)) == []


# Pages


def test_pages_follow_each_other_without_gap_or_repetition() -> None:
    store_named(*(f"part {n}" for n in range(25)))
    for query in (SearchQuery(), SearchQuery("part")):
        pages = all_pages(query, limit=10)
        assert [len(page.hits) for page in pages] == [10, 10, 5]
        assert [name for page in pages for name in names(page)] == [f"part {n}" for n in reversed(range(25))]
        assert names(search_torrents(query, limit=10, offset=20)) == names(pages[2])
    assert search_torrents(SearchQuery(), offset=1_000_000).hits == []


def test_a_page_ends_after_a_bounded_number_of_candidates_and_says_where_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here a request looks at six candidates, and nineteen are newer than the one that matches."""
    monkeypatch.setattr(search, "MORE_CANDIDATES", (1, 3))
    store_named("part of it", *(f"part {n}" for n in range(19)))
    Torrent.objects.filter(name="part of it").update(size=10**9)
    for text in ("", "part"):
        pages = all_pages(SearchQuery(text, min_size=10**9), limit=1)
        assert [names(page) for page in pages] == [[], [], [], ["part of it"]]


def test_words_that_take_the_index_too_long_are_searched_row_by_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two common words occur together in the oldest row alone, which takes long in PostgreSQL's index only."""
    words = (
        "CASE WHEN {0} = 1 THEN 'odd even w1' WHEN {0} % 2 = 1 THEN 'odd w' || {0} ELSE 'even w' || {0} END"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO archive_torrent (v1, name, size, files, length, digest, complete, words) "
            f"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 40000) "
            f"SELECT CAST('{'x' * 10}' || (1000000000 + n) AS {choose(**BYTES)}), "
            f"'w' || n, 1, 1, 1, CAST('' AS {choose(**BYTES)}), true, {words.format('n')} FROM t"
        )
    monkeypatch.setattr(fulltext_index, "INDEX_TIMEOUT", 1)
    pages = all_pages(SearchQuery("odd even"), 50)
    assert [name for page in pages for name in names(page)] == ["w1"]
    assert (len(pages) > 1) == is_postgresql()
    assert len(search_names("odd")) == 50


# The index follows the rows


def test_a_torrent_that_is_taken_down_is_not_found_any_more() -> None:
    [torrent] = store_named("hello world")
    assert search_names("hello") == search_names() == ["hello world"]
    take_down(make.infohashes(torrent)[0], "Court order")
    assert search_names("hello") == search_names() == search_names(make.v1_hash(torrent)) == []
    assert indexed_ids("hello") == []


def indexed_ids(word: str) -> list[int]:
    """Row ids that the index has for this word, whether or not there are such rows."""
    return fulltext_index.matching_ids([((word,),)], 1 << 60, 100).ids


def test_torrents_stored_in_a_batch_are_found() -> None:
    deposit_many([make.v1(b"batch %d" % n) for n in range(600)])
    assert len(search_torrents(SearchQuery("batch"), limit=200).hits) == 200
    assert search_names("batch 7") == ["batch 7"]


def test_scrub_repairs_wrong_words() -> None:
    store_named("hello world")
    Torrent.objects.update(words="=other nonsense")
    assert (search_names("hello"), search_names("nonsense")) == ([], ["hello world"])
    assert [finding.verdict for finding in scrub()] == [Verdict.REPAIRED]
    assert (search_names("hello"), search_names("nonsense")) == (["hello world"], [])
    assert indexed_ids("nonsense") == []


def test_scrub_rebuilds_the_words_of_lost_rows() -> None:
    store_named("hello world")
    Torrent.objects.all().delete()
    assert search_names("hello") == []
    assert [finding.verdict for finding in scrub()] == [Verdict.INDEXED]
    assert search_names("hello") == ["hello world"]


# Settings


def test_paths_of_files_are_searched_where_search_files_is_on(settings: Settings) -> None:
    album = make.v1(b"Album", files={(b"CD 1", b"First Song.flac"): 10, (b"CD 2", b"Second Song.flac"): 10})
    deposit(album)
    assert search_names("second song") == []
    settings.SEARCH_FILES = True
    assert [finding.verdict for finding in scrub()] == [Verdict.REPAIRED]
    assert search_names("second song") == search_names("album") == ["Album"]
    deposit(make.v2(b"Third song"))
    assert search_names("song") == ["Third song", "Album"]


def test_of_very_many_files_the_first_words_are_indexed(settings: Settings) -> None:
    settings.SEARCH_FILES = True
    deposit(make.v1(b"Many", files={(b"word%d" % n,): 1 for n in range(3_000)}))
    assert search_names("word1") == ["Many"]
    assert len(Torrent.objects.get().words) < 20_000


def test_where_listing_is_off_search_is_refused(settings: Settings) -> None:
    store_named("hello")
    settings.LISTING = False
    with pytest.raises(NotListed):
        search_torrents(SearchQuery("hello"))


# Splitting into words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b_c-d", ["a", "b", "c", "d"]),
        ("Blade.Runner.2049", ["blade", "runner", "2049"]),
        ("日本go", ["日", "本", "go"]),
        ("", []),
        ("\u202e\0\n", []),
    ],
)
def test_words_are_split_at_all_but_letters_and_digits(text: str, expected: Sequence[str]) -> None:
    assert list(split_words(text)) == expected
