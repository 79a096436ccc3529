"""The search of the REST API."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from archive.torrents.deposit import deposit
from tests import make
from tests.missing_table import missing_table

pytestmark = pytest.mark.django_db


def search(client: Client, **parameters: Any) -> Any:
    answer = client.get("/api/v1/search", parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()


def names(page: Any) -> list[str]:
    return [one["name"] for one in page["results"]]


def test_a_result_has_all_fields_of_the_index(client: Client) -> None:
    torrent = make.hybrid(b"Film.2001.1080p\x00.mkv")
    deposit(torrent)
    [result] = search(client, q="film")["results"]
    infohash = make.v1_hash(torrent)
    stored_at = result.pop("stored_at")
    assert stored_at.endswith("Z")
    assert result.pop("magnet").startswith(f"magnet:?xt=urn:btih:{infohash.lower()}&xt=urn:btmh:1220")
    assert result == {
        "infohash": infohash,
        "v1": infohash,
        "v2": make.v2_hash(torrent),
        "name": "Film.2001.1080p\ufffd.mkv",
        "size": 5,
        "files": 1,
        "length": len(torrent),
        "complete": True,
        "kind": "filmhd",
        "swarm": None,
        "torrent": f"http://testserver/torrent/{infohash}.torrent",
        "url": f"http://testserver/api/v1/torrents/{infohash}",
        "page": f"http://testserver/view/{infohash}",
    }
    assert client.get(result["torrent"]).content == torrent


def test_next_leads_through_all_pages_of_the_same_search(client: Client) -> None:
    for n in range(7):
        deposit(make.v1(b"part %d" % n, 100 + n))
    page = search(client, q="part", limit=3, max_size=105)
    seen = names(page)
    while page["next"]:
        assert page["next"].startswith("http://testserver/api/v1/search?")
        page = client.get(page["next"]).json()
        seen += names(page)
    assert seen == [f"part {n}" for n in (5, 4, 3, 2, 1, 0)]


def test_filters_work_together(client: Client) -> None:
    for name, size in ((b"a.mp3", 10), (b"b.mp3", 20), (b"c.epub", 20)):
        deposit(make.v1(name, size))
    assert names(search(client, min_size=15, kind="audio")) == ["b.mp3"]
    assert names(search(client, kind=["audio", "book"])) == ["c.epub", "b.mp3", "a.mp3"]
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    assert names(search(client, since=tomorrow)) == []
    assert len(names(search(client, until=tomorrow, since="2020-01-01"))) == 3
    assert names(search(client, since="0001-01-01", until="9999-12-31T23:59:59Z", q="epub")) == ["c.epub"]


@pytest.mark.parametrize("query", ["", "   ", '"', "NEAR(", "\0", "x" * 7_000])
def test_a_search_without_words_lists_the_newest(client: Client, query: str) -> None:
    search(client, q=query)


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0},
        {"limit": 1_000},
        {"min_size": -1},
        {"max_size": 2**64},
        {"since": "soon"},
        {"cursor": "x"},
    ]
    + [{"kind": "nonsense"}, {"cursor": 10**30}],
)
def test_wrong_filters_are_named(client: Client, wrong: dict[str, Any]) -> None:
    answer = client.get("/api/v1/search", wrong)
    assert answer.status_code == 400
    [name] = wrong
    assert f"`{name}`" in answer.json()["detail"]


def test_with_listing_off_the_refusal_says_so(client: Client, settings: Settings) -> None:
    settings.LISTING = False
    answer = client.get("/api/v1/search")
    assert answer.status_code == 403
    assert answer.json()["detail"] == "This archive does not list what it holds."


@pytest.mark.django_db(transaction=True)
def test_an_outage_is_503_with_retry_after(client: Client) -> None:
    with missing_table("archive_torrent"):
        answer = client.get("/api/v1/search")
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
