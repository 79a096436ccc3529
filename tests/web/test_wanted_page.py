"""The page of a torrent that is not held: in Django's client, and in Chromium."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, expect, sync_playwright
from pytest_django import Settings

from archive.models import Wanted
from archive.queue import resolver_leases, wish_rows
from archive.torrents.deposit import deposit
from tests import make
from tests.servers.hashkeep import Hashkeep, hashkeep

TORRENT = make.v1(b"looked for")
HASH = make.v1_hash(TORRENT)
LINK = f"magnet:?xt=urn:btih:{HASH}&tr=udp%3A%2F%2Fone.example%3A1&x.pe=8.8.8.8:1&x.pe=127.0.0.1:1"
SOON = 30_000  # milliseconds, on a machine that is busy with other tests


@pytest.fixture(autouse=True)
def resolve_is_on(settings: Settings) -> None:
    settings.RESOLVE = True


def page_text(client: Client, path: str, status: int) -> str:
    answer = client.get(path, follow=True)
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.django_db
class TestWithoutJavaScript:
    def test_a_link_is_enqueued_with_its_trackers_and_awaited(self, client: Client) -> None:
        answer = client.get("/find", {"q": LINK})
        assert answer.headers["Location"] == f"/view/{HASH}"
        row = Wanted.objects.get()
        assert (row.trackers, row.awaited) == (["udp://one.example:1"], True)

    def test_the_page_says_that_it_is_looked_for_and_reloads_itself(self, client: Client) -> None:
        page = page_text(client, f"/find?q={HASH}", 202)
        assert "Looking for it" in page
        assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page

    def test_it_becomes_the_torrents_page_after_a_deposit(self, client: Client) -> None:
        page_text(client, f"/find?q={HASH}", 202)
        deposit(TORRENT)
        assert "looked for" in page_text(client, f"/view/{HASH}", 200)

    def test_after_a_miss_the_page_says_when_the_next_search_is(self, client: Client) -> None:
        page_text(client, f"/find?q={HASH}", 202)
        resolver_leases.record_misses(resolver_leases.claim_wishes("one", 1), "one")
        page = page_text(client, f"/view/{HASH}", 202)
        assert '<div data-when="resting">' in page
        assert "Next search" in page

    def test_a_wish_that_was_given_up_shows_the_reason_and_does_not_reload(self, client: Client) -> None:
        page_text(client, f"/find?q={HASH}", 202)
        resolver_leases.give_up_wish(
            resolver_leases.claim_wishes("one", 1)[0], "one", "It is <b>private</b>."
        )
        page = page_text(client, f"/view/{HASH}", 404)
        assert "It is &lt;b&gt;private&lt;/b&gt;." in page
        assert "refresh" not in page

    def test_viewing_the_page_of_an_unknown_torrent_enqueues_no_wish(self, client: Client) -> None:
        assert "We do not have this torrent" in page_text(client, f"/view/{HASH}", 404)
        assert not Wanted.objects.exists()

    def test_with_resolve_off_a_torrent_that_is_not_held_is_a_miss(
        self, client: Client, settings: Settings
    ) -> None:
        settings.RESOLVE = False
        assert "We do not have this torrent" in page_text(client, f"/find?q={HASH}", 404)

    def test_a_full_queue_is_429_with_retry_after(self, client: Client, settings: Settings) -> None:
        settings.WANTED_MAX = 1
        page_text(client, f"/find?q={'AB' * 20}", 202)
        answer = client.get("/find", {"q": HASH})
        assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (429, True)

    def test_a_wish_that_was_deleted_as_stale_is_a_miss_again(self, client: Client) -> None:
        page_text(client, f"/find?q={HASH}", 202)
        Wanted.objects.update(asked_at=timezone.now() - timedelta(days=40))
        wish_rows.delete_stale_wishes()
        page_text(client, f"/view/{HASH}", 404)


@pytest.fixture(scope="module")
def empty_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hashkeep]:
    """A server that searches an empty network: it knows no DHT node and no tracker."""
    folder = tmp_path_factory.mktemp("empty_network")
    with hashkeep(folder, RESOLVE="on", BT_LISTEN="127.0.0.1:0", DHT_BOOTSTRAP="", TRACKERS="") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=quiet)
        yield started
        started.close()


def test_in_a_browser_the_page_becomes_the_torrents_page_after_an_upload(
    empty_network: Hashkeep, browser: Browser
) -> None:
    page = browser.new_page()
    page.goto(empty_network.url)
    page.get_by_role("textbox").fill(LINK)
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", name="Looking for it")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("heading", name="Nobody has it just now")).to_be_hidden()
    requests.post(f"{empty_network.url}/upload", files={"torrent": TORRENT}, timeout=60).raise_for_status()
    expect(page.get_by_role("heading", name="looked for")).to_be_visible(timeout=SOON)
    assert page.url == f"{empty_network.url}/view/{HASH}"
    page.close()


def test_without_javascript_the_page_becomes_the_torrents_page_too(
    empty_network: Hashkeep, browser: Browser
) -> None:
    other = make.v1(b"looked for by hand")
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{empty_network.url}/find?q={make.v1_hash(other)}")
    expect(page.get_by_role("heading", name="Looking for it")).to_be_visible(timeout=SOON)
    requests.post(f"{empty_network.url}/upload", files={"torrent": other}, timeout=60).raise_for_status()
    expect(page.get_by_role("heading", name="looked for by hand")).to_be_visible(timeout=SOON)
    page.close()
