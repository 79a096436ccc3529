"""Search finds torrents by words, newest first, in bounded time, and no query is an error."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from archive.browse import search
from archive.browse.search import SearchQuery, search_torrents
from archive.errors import NotListed
from archive.models import Torrent
from archive.naming.search_words import split_words
from archive.naming.torrent_kind import TorrentKind
from archive.torrents.deposit import deposit
from archive.torrents.scrub import Verdict, scrub
from tests import make
from tests.search_names import all_pages, names, search_names, store_named
from tests.stored_times import set_stored_times

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


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
