"""Torznab: the answers follow its schema, and Prowlarr, Sonarr and FlexGet understand them."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from lxml import etree
from pytest_django import Settings

from archive.films.film_links import set_imdb_id
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from tests import make
from tests.missing_table import missing_table

pytestmark = pytest.mark.django_db

SCHEMAS = Path(__file__).parent.parent / "torznab"
NS = "{http://torznab.com/schemas/2015/feed}"
SHOW = make.v1(b"The.Show.S01E02.1080p.WEB-DL.x264", files={(b"a.mkv",): 3_000_000_000, (b"b.srt",): 1_000})


def query_torznab(client: Client, **parameters: Any) -> Any:
    """The document, validated against the schema."""
    answer = client.get("/torznab/api", parameters)
    document = etree.fromstring(answer.content)
    schema = "feed" if document.tag == "rss" else "caps"
    etree.XMLSchema(etree.parse(SCHEMAS / f"{schema}.xsd")).assertValid(document)
    expected = "application/rss+xml" if document.tag == "rss" else "application/xml"
    assert answer["Content-Type"] == f"{expected}; charset=utf-8"
    return document


def item_titles(document: Any) -> list[str]:
    return [title.text for title in document.iterfind("channel/item/title")]


def item_attributes(item: Any, name: str) -> list[str]:
    """The attributes, read as by TorznabRssParser.cs of Prowlarr."""
    return [one.get("value") for one in item.findall(f"{NS}attr") if one.get("name").lower() == name]


# Feeds


def test_an_item_has_every_attribute_that_prowlarr_and_sonarr_read(client: Client) -> None:
    deposit(SHOW)
    infohash = make.v1_hash(SHOW)
    [item] = query_torznab(client, t="search", q="the show", apikey="anything").iterfind("channel/item")
    assert item.findtext("title") == "The.Show.S01E02.1080p.WEB-DL.x264"
    assert item_attributes(item, "infohash") == [infohash.lower()]
    [magnet] = item_attributes(item, "magneturl")
    assert magnet.startswith(f"magnet:?xt=urn:btih:{infohash.lower()}&dn=The.Show.S01E02")
    assert item_attributes(item, "size") == [item.findtext("size")] == ["3000001000"]
    assert item_attributes(item, "files") == ["2"]
    assert item_attributes(item, "category") == ["5000", "5040"]
    enclosure = item.find("enclosure")
    assert enclosure.get("url") == item.findtext("link") == f"http://testserver/torrent/{infohash}.torrent"
    assert client.get(enclosure.get("url")).content == SHOW
    assert client.get(item.findtext("comments")).status_code == 200
    age = datetime.now(UTC) - parsedate_to_datetime(item.findtext("pubDate"))
    assert abs(age.total_seconds()) < 600


def test_a_hybrid_has_both_infohashes_and_a_v2_torrent_its_own(client: Client) -> None:
    hybrid, v2 = make.hybrid(b"hybrid"), make.v2(b"second")
    for torrent in (hybrid, v2):
        deposit(torrent)
    second, first = query_torznab(client, t="search").iterfind("channel/item")
    assert item_attributes(first, "infohash") == [make.v1_hash(hybrid).lower()]
    [both] = item_attributes(first, "magneturl")
    assert f"btih:{make.v1_hash(hybrid).lower()}" in both and make.v2_hash(hybrid).lower() in both
    assert item_attributes(second, "infohash") == [make.v2_hash(v2).lower()]


def test_hostile_names_are_escaped(client: Client) -> None:
    hostile = [
        b"]]><script>&lt;",
        b"nul\0\x1b[31m",
        "\ufffe\uffff".encode(),
        "a\u202eb".encode(),
        b" \n ",
        b"\xff" * 99,
    ]
    for name in hostile:
        deposit(make.v1(name + b" hostile"))
    found = item_titles(query_torznab(client, t="search", q="hostile"))
    assert len(found) == len(hostile)
    assert "]]><script>&lt; hostile" in found
    assert "a\ufffdb hostile" in found
    deposit(make.v1(b"\n", 7))
    assert item_titles(query_torznab(client, t="search", limit=1)) == [make.v1_hash(make.v1(b"\n", 7))]


def test_pages_follow_each_other(client: Client) -> None:
    for n in range(7):
        deposit(make.v1(b"part %d" % n))
    pages = [
        item_titles(query_torznab(client, t="search", q="part", limit=3, offset=offset))
        for offset in (0, 3, 6, 9)
    ]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert sorted(sum(pages, [])) == [f"part {n}" for n in range(7)]
    assert item_titles(query_torznab(client, t="search", limit=0)) == []
    assert len(item_titles(query_torznab(client, t="search", limit=1_000))) == 7


def test_a_torrent_that_is_taken_down_is_not_in_the_feed(client: Client) -> None:
    deposit(SHOW)
    take_down(make.infohashes(SHOW)[0], "Court order")
    assert item_titles(query_torznab(client, t="search")) == []


# Queries


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({"t": "tvsearch", "q": "The Show", "season": "1", "ep": "2"}, True),
        ({"t": "tvsearch", "q": "The Show", "season": "01"}, True),
        ({"t": "tvsearch", "q": "The Show", "season": "S01", "ep": "E02"}, True),
        ({"t": "tvsearch", "q": "The Show", "season": "2"}, False),
        ({"t": "tvsearch", "q": "The Show", "season": "nonsense", "ep": "x"}, True),
        ({"t": "tvsearch", "tvdbid": "1", "q": "The Show"}, True),
        ({"t": "tvsearch", "tvdbid": "1", "season": "1"}, False),
        ({"t": "tvsearch"}, True),
        ({"t": "tvsearch", "cat": "5040,5045"}, True),
        ({"t": "tvsearch", "cat": "5030"}, False),
        ({"t": "search", "cat": "5000"}, True),
        ({"t": "search", "cat": "8000"}, False),
        ({"t": "search", "cat": "100001"}, False),
        ({"t": "search", "cat": "nonsense"}, True),
        ({"t": "movie", "q": "The Show"}, False),
        ({"t": "movie", "imdbid": "tt0111161"}, False),
        ({"t": "search", "q": '"the" -show*'}, True),
        ({"t": "search", "q": "THE\0SHOW"}, True),
    ],
)
def test_queries_of_real_clients_find_the_right_torrents(
    client: Client, question: dict[str, str], found: bool
) -> None:
    deposit(SHOW)
    assert bool(item_titles(query_torznab(client, **question))) == found


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({"t": "movie", "imdbid": "tt0133093"}, ["Matrix.1999.1080p.mkv", "a folder"]),
        ({"t": "movie", "imdbid": "0133093"}, ["Matrix.1999.1080p.mkv", "a folder"]),  # as Radarr sends it
        ({"t": "search", "imdbid": "133093"}, ["Matrix.1999.1080p.mkv", "a folder"]),
        ({"t": "movie", "imdbid": "tt0133093", "cat": "2040"}, ["Matrix.1999.1080p.mkv", "a folder"]),
        ({"t": "movie", "imdbid": "tt0133093", "cat": "3000"}, ["a folder"]),  # its name hides its kind
        ({"t": "movie", "imdbid": "tt0133093", "limit": "1"}, ["Matrix.1999.1080p.mkv"]),
        ({"t": "movie", "imdbid": "tt0133093", "limit": "1", "offset": "1"}, ["a folder"]),
        ({"t": "movie", "imdbid": "tt0133093", "q": "other"}, ["other.film.mkv"]),
        ({"t": "movie", "imdbid": "tt0133094"}, []),
        ({"t": "movie", "imdbid": "nonsense"}, []),
        ({"t": "movie", "imdbid": "9" * 9}, []),
        ({"t": "movie", "imdbid": "9" * 30}, []),
        ({"t": "tvsearch", "imdbid": "tt2802850"}, ["Fargo.S01E02.mkv", "Fargo.S02.mkv"]),
        ({"t": "tvsearch", "imdbid": "2802850", "season": "1"}, ["Fargo.S01E02.mkv"]),
        ({"t": "tvsearch", "imdbid": "2802850", "season": "1", "ep": "3"}, []),
    ],
)
def test_a_film_is_found_by_its_imdb_id(client: Client, question: dict[str, str], found: list[str]) -> None:
    names = ["a folder", "Matrix.1999.1080p.mkv", "Fargo.S02.mkv", "Fargo.S01E02.mkv", "other.film.mkv"]
    expected = dict(zip(names, ["tt0133093", "tt0133093", "tt2802850", "tt2802850", ""], strict=True))
    for name, imdb in expected.items():
        deposit(torrent := make.v1(name.encode()))
        if imdb:
            set_imdb_id(make.infohashes(torrent)[0], imdb, "", "test")
    assert item_titles(query_torznab(client, **question)) == found


def test_an_item_has_the_imdb_id_of_its_film(client: Client) -> None:
    """Radarr reads imdbid, or the digits of imdb; Jackett writes both."""
    deposit(SHOW)
    deposit(make.v1(b"no film"))
    set_imdb_id(make.infohashes(SHOW)[0], "tt10872600", "", "test")
    none, show = query_torznab(client, t="search").iterfind("channel/item")
    assert (item_attributes(show, "imdb"), item_attributes(show, "imdbid")) == (["10872600"], ["tt10872600"])
    assert (item_attributes(none, "imdb"), item_attributes(none, "imdbid")) == ([], [])
    caps = query_torznab(client, t="caps").find("searching")
    assert "imdbid" in caps.find("movie-search").get("supportedParams").split(",")


def test_a_season_of_four_digits_is_found_as_a_series(client: Client) -> None:
    """Sonarr numbers the seasons of some series by years (TheTVDB: MythBusters)."""
    deposit(make.v1(b"MythBusters.S2012E03.720p.mkv"))
    question = {"t": "tvsearch", "q": "MythBusters", "season": "2012", "cat": "5040"}
    assert item_titles(query_torznab(client, **question, ep="3")) == ["MythBusters.S2012E03.720p.mkv"]
    assert item_titles(query_torznab(client, **question, ep="4")) == []


def test_an_episode_may_be_a_day(client: Client) -> None:
    deposit(make.v1(b"Late.Show.2026.11.20.720p.mkv"))
    for season, episode in (("2026", "11/20"), ("2026", "11/2")):
        found = item_titles(query_torznab(client, t="tvsearch", q="late show", season=season, ep=episode))
        assert bool(found) == (episode == "11/20")


def test_categories_are_those_of_the_caps(client: Client) -> None:
    names = [
        "Film.2001.2160p.mkv",
        "Album.flac",
        "linux.iso",
        "Show.S01.mkv",
        "xxx.avi",
        "Book.epub",
        "thing",
    ]
    for name in names:
        deposit(make.v1(name.encode()))
    known = {
        one.get("id"): one.get("name")
        for one in query_torznab(client, t="caps").iterfind("categories//*[@id]")
    }
    items = query_torznab(client, t="search").iterfind("channel/item")
    shown = {
        item.findtext("title"): [known[number] for number in item_attributes(item, "category")]
        for item in items
    }
    assert [shown[name][0] for name in names] == ["Movies", "Audio", "PC", "TV", "XXX", "Books", "Other"]
    for name in names:
        number = next(number for number, title in known.items() if title == shown[name][1])
        assert item_titles(query_torznab(client, t="search", cat=number)) == [name]


# Refusals


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({}, 200),
        ({"t": "nonsense"}, 202),
        ({"t": "search", "limit": "many"}, 201),
        ({"t": "search", "offset": "-1"}, 201),
    ],
)
def test_errors_have_newznabs_numbers(client: Client, question: dict[str, str], code: int) -> None:
    document = query_torznab(client, **question)
    assert (document.tag, document.get("code")) == ("error", str(code))
    assert document.get("description")


def test_with_listing_off_the_refusal_says_so(client: Client, settings: Settings) -> None:
    settings.LISTING = False
    assert query_torznab(client, t="search", q="x").get("code") == "910"
    available = {one.get("available") for one in query_torznab(client, t="caps").find("searching")}
    assert available == {"no"}
    settings.LISTING = True
    available = {one.get("available") for one in query_torznab(client, t="caps").find("searching")}
    assert available == {"yes"}


@pytest.mark.django_db(transaction=True)
def test_an_outage_is_503_with_retry_after(client: Client) -> None:
    with missing_table("archive_torrent"):
        answer = client.get("/torznab/api", {"t": "search"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert etree.fromstring(answer.content).get("code") == "900"


def test_only_get_and_head_are_allowed() -> None:
    assert Client(enforce_csrf_checks=True).post("/torznab/api", {"t": "search"}).status_code == 405
