"""The page that explains the APIs."""

from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from django.test import Client
from lxml import html
from pytest_django import Settings

from tests import make
from tests.html_pages import get_page, page_text
from tests.servers.hashkeep import hashkeep

pytestmark = pytest.mark.django_db

SINTEL = make.v1(b"Sintel", files={(b"Sintel.mkv",): 5_000_000_000, (b"Subs", b"de.srt"): 100})
HASH = make.v1_hash(SINTEL)
ABSENT = "AB" * 20


@pytest.mark.parametrize("open_to_all", [True, False])
def test_the_api_page_begins_with_links_to_all_its_parts(
    client: Client, settings: Settings, open_to_all: bool
) -> None:
    settings.UPLOADS, settings.LISTING = ("open" if open_to_all else "keys"), open_to_all
    api = get_page(client, "/api").page
    assert [link.removeprefix("#") for link in api.xpath("//nav//@href[starts-with(., '#')]")] == api.xpath(
        "//h2/@id"
    )


def test_the_examples_have_the_address_of_this_server(client: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["archive.example"]
    assert "http://archive.example/upload" in page_text(
        get_page(client, "/api", headers={"host": "archive.example"})
    )
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://public.example", ["public.example"]
    shown = page_text(get_page(client, "/api", headers={"host": "archive.example"}))
    assert "https://public.example/upload" in shown
    assert "http://archive.example" not in shown


def test_the_network_is_mentioned_if_resolve_is_on(client: Client, settings: Settings) -> None:
    settings.RESOLVE = True
    shown = page_text(get_page(client, "/api"))
    assert "fetched from the BitTorrent network" in shown
    assert "looked for in the BitTorrent network" in shown
    settings.RESOLVE = False
    shown = page_text(get_page(client, "/api"))
    assert "BitTorrent network" not in shown
    assert "does not look for torrents" in shown


@pytest.mark.parametrize("resolves", [True, False])
def test_the_addresses_of_torrents_answer_as_the_page_says(tmp_path: Path, resolves: bool) -> None:
    """With a real server, since Django's test client cannot wait for the network. The network is empty."""
    with hashkeep(
        tmp_path, RESOLVE=resolves, BT_LISTEN="127.0.0.1:0", DHT_BOOTSTRAP="", TRACKERS=""
    ) as archive:
        page: Any = html.fromstring(requests.get(f"{archive.url}/api", timeout=60).text)
        statuses = page.xpath("//table[@id='statuses']/tbody/tr/td[1]/text()")
        assert ("408" in statuses, "429" in statuses) == (resolves, resolves)
        lines = page.xpath("//table[@id='addresses']/tbody/tr")
        assert len(lines) == 4
        for line in lines:
            address, absent, wrong = (cell.text_content() for cell in line)
            for name, shown_status in ((ABSENT, absent), ("nonsense", wrong)):
                url = urljoin(archive.url, f"{address.replace('<HASH>', name)}?timeout=0")
                answer = requests.get(url, allow_redirects=False, timeout=60)
                assert answer.status_code == int(shown_status[:3])
                assert shown_status[:3] in statuses


def test_the_page_says_how_long_an_address_waits(client: Client, settings: Settings) -> None:
    settings.RESOLVE, settings.RESOLVE_TIMEOUT = True, 7.5
    shown = page_text(get_page(client, "/api"))
    assert "wait for it: 7.5 seconds, or as many as ?timeout= says, at most 60" in shown
    assert "tr= and x.pe=" in shown


def test_counts_of_peers_are_promised_if_the_census_is_on(client: Client, settings: Settings) -> None:
    promises = ("looked at daily", "looked at soon")
    settings.CENSUS = True
    shown = page_text(get_page(client, "/api"))
    assert all(promise in shown for promise in promises) and "does not count peers" not in shown
    settings.CENSUS = False
    shown = page_text(get_page(client, "/api"))
    assert not any(promise in shown for promise in promises) and "does not count peers" in shown
