"""The RSS feed, as feedparser and readers of BEP 36 parse it."""

from typing import Any

import feedparser
import pytest
from django.test import Client
from lxml import etree
from pytest_django import Settings

from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from tests import make
from tests.missing_table import missing_table

pytestmark = pytest.mark.django_db

EZRSS = "{http://xmlns.ezrss.it/0.1/}"


def feed(client: Client, **parameters: str) -> Any:
    answer = client.get("/rss", parameters)
    assert answer["Content-Type"] == "application/rss+xml; charset=utf-8"
    read = feedparser.parse(answer.content, response_headers={"content-type": answer["Content-Type"]})
    assert not read.bozo, read.get("bozo_exception")
    return read


def test_the_newest_torrents_come_first_with_their_enclosures(client: Client) -> None:
    first, second = make.v1(b"first", 700), make.v1(b"second & <b>last</b>", 1_234_567)
    for torrent in (first, second):
        deposit(torrent)
    read = feed(client)
    assert [entry.title for entry in read.entries] == ["second & <b>last</b>", "first"]
    entry, infohash = read.entries[0], make.v1_hash(second)
    assert entry.id == entry.link == f"http://testserver/view/{infohash}"
    [enclosure] = entry.enclosures
    assert enclosure.type == "application/x-bittorrent"
    assert enclosure.href == f"http://testserver/torrent/{infohash}.torrent"
    assert int(enclosure.length) == len(second)  # BEP 36: the torrent's, not the content's
    assert entry.torrent_contentlength == "1234567"
    assert entry.torrent_infohash == infohash
    assert entry.torrent_magneturi.startswith(f"magnet:?xt=urn:btih:{infohash.lower()}")
    assert entry.published_parsed is not None


def test_a_search_can_be_a_feed(client: Client) -> None:
    for name in (b"debian iso", b"ubuntu iso"):
        deposit(make.v1(name))
    read = feed(client, q="ubuntu")
    assert [entry.title for entry in read.entries] == ["ubuntu iso"]
    assert read.feed.title == "Hashkeep: ubuntu"
    assert feed(client, q="\0\u202e]]>").entries == []


def test_hostile_names_do_not_break_the_feed(client: Client) -> None:
    for name in (b"]]>", b"\0\x08\x1b", b"\xff\xfe", "\uffff\u202e".encode(), b"n" * 100_000, b"&nbsp;"):
        deposit(make.v1(name))
    assert len(feed(client).entries) == 6


def test_a_reader_with_the_current_etag_gets_304(client: Client) -> None:
    deposit(make.v1(b"first"))
    seen = client.get("/rss")
    for header, value in (("if-none-match", seen["ETag"]), ("if-modified-since", seen["Last-Modified"])):
        again = client.get("/rss", headers={header: value})
        assert (again.status_code, again.content) == (304, b"")
    deposit(make.v1(b"second"))
    assert client.get("/rss", headers={"if-none-match": seen["ETag"]}).status_code == 200


def test_an_empty_archive_has_an_empty_feed(client: Client) -> None:
    assert feed(client).entries == []


def test_a_torrent_that_is_taken_down_leaves_the_feed(client: Client) -> None:
    torrent = make.v1(b"gone")
    deposit(torrent)
    seen = client.get("/rss")
    take_down(make.infohashes(torrent)[0], "Court order")
    assert client.get("/rss", headers={"if-none-match": seen["ETag"]}).status_code == 200
    assert feed(client).entries == []


def test_an_archive_that_does_not_list_has_no_feed(client: Client, settings: Settings) -> None:
    settings.LISTING = False
    assert client.get("/rss").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_an_outage_is_503_with_retry_after(client: Client) -> None:
    with missing_table("archive_torrent"):
        answer = client.get("/rss")
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


def test_the_feed_has_its_own_url_and_ttl(client: Client) -> None:
    channel = etree.fromstring(client.get("/rss", {"q": "a b"}).content).find("channel")
    assert channel is not None
    assert channel.findtext("ttl") == "15"
    assert channel.find("{http://www.w3.org/2005/Atom}link").get("href") == "http://testserver/rss?q=a+b"  # type: ignore[union-attr]
