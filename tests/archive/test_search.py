"""Search finds torrents by words, newest first, in bounded time, and never says that a question was wrong."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from archive.browse import fulltext_index
from archive.browse import search as searching
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


def store(*names: str | bytes) -> list[bytes]:
    """In this order, so the last is the newest."""
    torrents = [make.v1(name.encode() if isinstance(name, str) else name) for name in names]
    for torrent in torrents:
        deposit(torrent)
    return torrents


def found(text: str = "", **more: object) -> list[str]:
    return names(search_torrents(SearchQuery(text, **more)))  # type: ignore[arg-type]


def names(page: SearchPage) -> list[str]:
    return [hit.name for hit in page.hits]


def all_pages(query: SearchQuery, limit: int) -> list[SearchPage]:
    pages = [search_torrents(query, limit=limit)]
    while (older := pages[-1].older) is not None:
        pages.append(search_torrents(query, limit=limit, before=older))
    return pages


# What matches


def test_all_words_must_occur_in_any_order_and_case() -> None:
    store("ubuntu-24.04-desktop-amd64.iso", "Ubuntu.22.04.SERVER.iso", "debian-12.iso")
    assert found("UBUNTU") == ["Ubuntu.22.04.SERVER.iso", "ubuntu-24.04-desktop-amd64.iso"]
    assert found("iso desktop, ubuntu!") == ["ubuntu-24.04-desktop-amd64.iso"]
    assert found("ubuntu debian") == []
    assert found("buntu") == []


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
def test_spelling_does_not_matter(name: str, asked: str) -> None:
    store("something else", name)
    assert found(asked) == [name]


def test_a_season_finds_its_episodes() -> None:
    store("The.Show.S01E02.mkv", "The.Show.S02E01.mkv", "The.Show.S01.COMPLETE")
    assert found("the show s01") == ["The.Show.S01.COMPLETE", "The.Show.S01E02.mkv"]


def test_an_infohash_or_magnet_link_finds_that_torrent() -> None:
    [torrent] = store("a.bin")
    infohash = make.v1_hash(torrent)
    for spelling in (infohash.lower(), f" magnet:?xt=urn:btih:{infohash}&dn=x"):
        assert found(spelling) == ["a.bin"]
    assert found("AB" * 20) == []


def test_without_words_the_newest_come_first() -> None:
    store("one", "two", "three")
    assert found() == found("  ") == ["three", "two", "one"]


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
def test_nothing_that_is_asked_for_is_an_error(nonsense: str) -> None:
    store("hello", "song.mp3")
    for query in (nonsense, f"hello {nonsense}", f"hello{nonsense}"):
        assert set(found(query)) <= {"hello"}


def test_names_may_hold_anything() -> None:
    hostile = [
        b"nul\0nul",
        b"\xff\xfe\xfd",
        b"n" * 5_000_000,
        b"a " * 20_000,
        b"'; DROP TABLE x; --",
        b"=film",
    ]
    hostile += ["photo\u202egnp.exe".encode(), "\ud800".encode("utf-8", "surrogatepass"), b'"quoted" AND *']
    store(*hostile)
    assert len(found()) == len(hostile)
    assert found("photo") == ["photo\u202egnp.exe"]
    assert found("drop table") == ["'; DROP TABLE x; --"]


# Filters


def test_sizes_and_numbers_of_files_are_filters() -> None:
    for torrent in (
        make.v1(b"small", 100),
        make.v1(b"large", 10_000_000),
        make.v1(b"many", files={(b"%d" % n,): 10 for n in range(30)}),
    ):
        deposit(torrent)
    assert found(min_size=101) == ["many", "large"]
    assert found(max_size=300) == ["many", "small"]
    assert found("large", max_size=300) == []
    assert found(min_files=2) == ["many"]
    assert found(max_files=29) == ["large", "small"]


def test_dates_are_filters() -> None:
    store(*(f"day {n}" for n in range(9)))
    first = datetime(2026, 1, 1, tzinfo=UTC)
    set_stored_times(first + timedelta(days=n) for n in range(9))
    since, until = first + timedelta(days=2), first + timedelta(days=4)
    assert found(since=since) == [f"day {n}" for n in range(8, 1, -1)]
    assert found(until=until) == ["day 3", "day 2", "day 1", "day 0"]
    assert found("day", since=since, until=until) == ["day 3", "day 2"]
    assert found(since=until, until=since) == found(since=first + timedelta(days=99)) == []


def test_what_is_older_than_asked_for_is_not_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "_LOOKS", (1,))
    store(*(f"day {n}" for n in range(30)))
    first = datetime(2026, 1, 1, tzinfo=UTC)
    set_stored_times(first + timedelta(days=n) for n in range(30))
    pages = all_pages(SearchQuery("day", since=first + timedelta(days=29)), limit=1)
    assert [names(page) for page in pages] == [["day 29"]]


@pytest.mark.parametrize("wrong", [1970, 2036])
def test_a_clock_that_was_wrong_for_a_while_hides_nothing_and_keeps_nobody_long(
    monkeypatch: pytest.MonkeyPatch, wrong: int
) -> None:
    """It says the same wrong day twice, a year apart: what lies between is passed over in one step, not in many."""
    monkeypatch.setattr(searching, "_LOOKS", (1,))
    store(*(f"part {n}" for n in range(60)))
    first, other = datetime(2024, 1, 1, tzinfo=UTC), datetime(wrong, 1, 1, tzinfo=UTC)
    set_stored_times(other if 20 <= n < 30 or n >= 50 else first + timedelta(days=n) for n in range(60))
    for text in ("", "part"):
        early = all_pages(SearchQuery(text, until=first + timedelta(days=20), since=first), limit=20)
        assert [names(page) for page in early] == [[f"part {n}" for n in range(19, -1, -1)]]
        day = all_pages(SearchQuery(text, since=other, until=other + timedelta(days=1)), limit=100)
        assert [name for page in day for name in names(page)] == [
            f"part {n}" for n in [*range(59, 49, -1), *range(29, 19, -1)]
        ]


def test_kinds_are_filters() -> None:
    store("Album.flac", "The.Show.S01E02.1080p.mkv", "A.Film.2001.DVDRip.avi")
    assert found(kinds=(TorrentKind.AUDIO, TorrentKind.FILM_SD)) == ["A.Film.2001.DVDRip.avi", "Album.flac"]
    assert found("show", kinds=(TorrentKind.SERIES_HD,)) == ["The.Show.S01E02.1080p.mkv"]
    assert found("show", kinds=(TorrentKind.AUDIO,)) == []


# Pages


def test_pages_follow_each_other_without_gap_or_repetition() -> None:
    store(*(f"part {n}" for n in range(25)))
    for query in (SearchQuery(), SearchQuery("part")):
        pages = all_pages(query, limit=10)
        assert [len(page.hits) for page in pages] == [10, 10, 5]
        assert [name for page in pages for name in names(page)] == [f"part {n}" for n in reversed(range(25))]
        assert names(search_torrents(query, limit=10, offset=20)) == names(pages[2])
    assert search_torrents(SearchQuery(), offset=1_000_000).hits == []


def test_filters_that_pass_over_nearly_everything_end_early_and_say_where_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here a request looks at six candidates; the one that is asked for lies behind nineteen."""
    monkeypatch.setattr(searching, "_LOOKS", (1, 3))
    store("part of it", *(f"part {n}" for n in range(19)))
    Torrent.objects.filter(name="part of it").update(size=10**9)
    for text in ("", "part"):
        pages = all_pages(SearchQuery(text, min_size=10**9), limit=1)
        assert [names(page) for page in pages] == [[], [], [], ["part of it"]]


def test_words_that_take_an_index_too_long_are_looked_for_one_row_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two common words meet in the oldest row alone. Only PostgreSQL's index takes long over that."""
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
    monkeypatch.setattr(fulltext_index, "_PATIENCE", 1)
    pages = all_pages(SearchQuery("odd even"), 50)
    assert [name for page in pages for name in names(page)] == ["w1"]
    assert (len(pages) > 1) == is_postgresql()
    assert len(found("odd")) == 50


# The index follows the rows


def test_what_is_taken_down_is_not_found_any_more() -> None:
    [torrent] = store("hello world")
    assert found("hello") == found() == ["hello world"]
    take_down(make.infohashes(torrent)[0], "Court order")
    assert found("hello") == found() == found(make.v1_hash(torrent)) == []
    assert in_the_index("hello") == []


def in_the_index(word: str) -> list[int]:
    """Numbers of rows, whether or not there are such rows."""
    return fulltext_index.matching_ids([word], [], 1 << 60, 100).found


def test_a_batch_is_found_as_well() -> None:
    deposit_many([make.v1(b"batch %d" % n) for n in range(600)])
    assert len(search_torrents(SearchQuery("batch"), limit=200).hits) == 200
    assert found("batch 7") == ["batch 7"]


def test_scrub_finds_the_words_anew() -> None:
    store("hello world")
    Torrent.objects.update(words="=other nonsense")
    assert (found("hello"), found("nonsense")) == ([], ["hello world"])
    assert [finding.verdict for finding in scrub()] == [Verdict.REPAIRED]
    assert (found("hello"), found("nonsense")) == (["hello world"], [])
    assert in_the_index("nonsense") == []


def test_an_index_that_is_built_anew_finds_what_it_found() -> None:
    store("hello world")
    Torrent.objects.all().delete()
    assert found("hello") == []
    assert [finding.verdict for finding in scrub()] == [Verdict.INDEXED]
    assert found("hello") == ["hello world"]


# Settings


def test_paths_of_files_are_searched_where_the_settings_want_that(settings: Settings) -> None:
    album = make.v1(b"Album", files={(b"CD 1", b"First Song.flac"): 10, (b"CD 2", b"Second Song.flac"): 10})
    deposit(album)
    assert found("second song") == []
    settings.SEARCH_FILES = True
    assert [finding.verdict for finding in scrub()] == [Verdict.REPAIRED]
    assert found("second song") == found("album") == ["Album"]
    deposit(make.v2(b"Third song"))
    assert found("song") == ["Third song", "Album"]


def test_very_many_files_have_their_first_words_in_the_index(settings: Settings) -> None:
    settings.SEARCH_FILES = True
    deposit(make.v1(b"Many", files={(b"word%d" % n,): 1 for n in range(3_000)}))
    assert found("word1") == ["Many"]
    assert len(Torrent.objects.get().words) < 20_000


def test_an_archive_that_does_not_list_does_not_search(settings: Settings) -> None:
    store("hello")
    settings.LISTING = False
    with pytest.raises(NotListed):
        search_torrents(SearchQuery("hello"))


# Words by themselves


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
def test_words_are_parted_by_whatever_is_neither_letter_nor_digit(text: str, expected: Sequence[str]) -> None:
    assert list(split_words(text)) == expected
