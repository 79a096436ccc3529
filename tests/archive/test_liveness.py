"""Every list of torrents shows what the census counted, and lists those that it never counted too."""

from typing import Any

import feedparser
import pytest
from django.test import Client
from lxml import etree

from archive.browse.search import SearchQuery, search_torrents
from archive.models import Torrent, Watched
from archive.torrents.deposit import deposit
from tests import make
from tests.api.test_torznab import item_attributes, query_torznab
from tests.html_pages import get_page, page_text
from tests.peer_counts import record_peers

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

DEAD, ALIVE, SCRAPED, UNCOUNTED = (
    make.v1(name) for name in (b"part dead", b"part alive", b"part scraped", b"part uncounted")
)


@pytest.fixture
def four_torrents() -> None:
    """One without peers, one with two, one with the figures of a tracker, and one that was never counted."""
    for torrent in (DEAD, ALIVE, SCRAPED, UNCOUNTED):
        deposit(torrent)
    record_peers(DEAD)
    record_peers(ALIVE, "51.1.1.1", "51.1.1.2")
    record_peers(SCRAPED, "51.1.1.1", seeders=5, leechers=7, completed=1_200)


def names(query: SearchQuery, **more: Any) -> list[str]:
    return [hit.name for hit in search_torrents(query, **more).hits]


@pytest.mark.parametrize("words", ["", "part"])
def test_the_alive_filter_finds_only_torrents_with_peers(four_torrents: None, words: str) -> None:
    assert names(SearchQuery(words, alive=True)) == ["part scraped", "part alive"]
    assert len(names(SearchQuery(words))) == 4


def test_the_alive_filter_applies_to_a_search_for_an_infohash(four_torrents: None) -> None:
    assert names(SearchQuery(make.v1_hash(ALIVE), alive=True)) == ["part alive"]
    assert names(SearchQuery(make.v1_hash(DEAD), alive=True)) == []


def test_a_torrent_is_dead_after_two_counts_without_peers(four_torrents: None) -> None:
    record_peers(ALIVE)
    assert "part alive" in names(SearchQuery(alive=True))
    record_peers(ALIVE)
    assert names(SearchQuery(alive=True)) == ["part scraped"]


def test_a_single_alive_torrent_among_many_is_found_page_by_page_in_bounded_steps() -> None:
    rows = [
        Torrent(
            v1=n.to_bytes(20, "big"), name=f"n{n}", size=0, files=0, length=0, digest=b"", words="=other many"
        )
        for n in range(1, 22_001)
    ]
    Torrent.objects.bulk_create(rows)
    first = Torrent.objects.order_by("pk")[0]
    Watched.objects.create(torrent=first, due=first.stored_at, looked_at=first.stored_at, misses=0, peers=1)
    for words in ("", "many"):
        page = search_torrents(SearchQuery(words, alive=True))
        assert page.hits == [] and page.next_before is not None
        assert names(SearchQuery(words, alive=True), before=page.next_before) == ["n1"]


# Protocols and pages


def test_torznab_has_seeders_peers_and_downloads_as_sonarr_and_prowlarr_read_them(
    client: Client, four_torrents: None
) -> None:
    items = {
        item.findtext("title"): item for item in query_torznab(client, t="search").iterfind("channel/item")
    }
    numbers = ("seeders", "leechers", "peers", "grabs")
    assert [item_attributes(items["part scraped"], name) for name in numbers] == [
        ["5"],
        ["7"],
        ["12"],
        ["1200"],
    ]


def test_torznab_leaves_out_unknown_seeders(client: Client, four_torrents: None) -> None:
    """Sonarr compares given seeders with the fewest it wants, and takes a torrent for which none are given."""
    items = {
        item.findtext("title"): item for item in query_torznab(client, t="search").iterfind("channel/item")
    }
    for title in ("part alive", "part dead", "part uncounted"):
        assert item_attributes(items[title], "seeders") == []
    assert [item_attributes(items[f"part {name}"], "peers") for name in ("alive", "dead", "uncounted")] == [
        ["2"],
        ["0"],
        [],
    ]


def test_rest_gives_the_swarm_or_null(client: Client, four_torrents: None) -> None:
    by_name = {
        entry["name"]: entry for entry in client.get("/api/v1/search", {"q": "part"}).json()["results"]
    }
    swarm = dict(by_name["part scraped"]["swarm"])
    assert swarm.pop("looked_at").endswith("Z")
    assert swarm == {"alive": True, "peers": 1, "seeders": 5, "leechers": 7, "completed": 1200}
    assert by_name["part alive"]["swarm"]["seeders"] is None
    assert by_name["part dead"]["swarm"]["alive"] is False
    assert by_name["part uncounted"]["swarm"] is None
    newest = client.get("/api/v1/torrents").json()["results"]
    assert [entry["swarm"] for entry in newest] == [
        by_name[f"part {name}"]["swarm"] for name in ("uncounted", "scraped", "alive", "dead")
    ]
    described = client.get(f"/api/v1/torrents/{make.v1_hash(SCRAPED)}").json()
    looked_up = client.get("/api/v1/lookup", {"q": make.v1_hash(SCRAPED)}).json()
    assert described["swarm"]["seeders"] == looked_up["swarm"]["seeders"] == 5


def test_rest_and_feed_take_the_filter(client: Client, four_torrents: None) -> None:
    found = client.get("/api/v1/search", {"alive": "true"}).json()["results"]
    assert [entry["name"] for entry in found] == ["part scraped", "part alive"]
    assert len(client.get("/api/v1/search", {"alive": "false"}).json()["results"]) == 4
    wrong = client.get("/api/v1/search", {"alive": "perhaps"})
    assert (wrong.status_code, wrong.json()["detail"]) == (400, "`alive` is true or false.")
    feed = feedparser.parse(client.get("/rss", {"alive": "true"}).content)
    assert [entry.title for entry in feed.entries] == ["part scraped", "part alive"]


def test_the_feed_gives_seeds_where_a_tracker_does(client: Client, four_torrents: None) -> None:
    namespace = "{http://xmlns.ezrss.it/0.1/}"
    items = etree.fromstring(client.get("/rss").content).iterfind("channel/item")
    seeds = {item.findtext("title"): item.findtext(f"{namespace}seeds") for item in items}
    assert seeds == {"part scraped": "5", "part alive": None, "part dead": None, "part uncounted": None}


def test_the_search_page_shows_the_swarm_and_takes_the_filter(client: Client, four_torrents: None) -> None:
    answer = get_page(client, "/search")
    assert "5 seeders among 12 peers" in page_text(answer)
    assert "2 peers" in page_text(answer) and "no peers lately" in page_text(answer)
    assert len(answer.page.xpath("//ol[@class='hits']/li")) == 4
    alive = get_page(client, "/search", data={"alive": "on"})
    assert "part alive" in page_text(alive) and "part dead" not in page_text(alive)
    assert alive.page.xpath("//input[@name='alive']/@checked")
    [feed] = alive.page.xpath("//p[@class='pager']/a[starts-with(@href, '/rss')]/@href")
    assert "part dead" not in client.get(feed).content.decode()


def test_the_search_page_offers_no_alive_filter_where_the_census_never_ran(client: Client) -> None:
    assert not get_page(client, "/search").page.xpath("//input[@name='alive']")


def test_a_torrents_page_shows_what_was_counted(client: Client, four_torrents: None) -> None:
    shown = page_text(get_page(client, f"/view/{make.v1_hash(SCRAPED)}"))
    assert "by a tracker’s word 5 seeders, 7 leechers, 1 200 downloads" in shown
    assert "no peers found lately" in page_text(get_page(client, f"/view/{make.v1_hash(DEAD)}"))
    assert "Swarm" not in page_text(get_page(client, f"/view/{make.v1_hash(UNCOUNTED)}"))
