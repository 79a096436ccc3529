"""What a person sees who asks for a torrent that is not held: in Django's client, and in Chromium."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, expect, sync_playwright
from pytest_django import Settings

from archive.models import Wanted
from archive.queue import leases, wish_rows
from archive.torrents.deposit import deposit
from tests import make
from tests.servers.hashkeep import Hashkeep, hashkeep

TORRENT = make.v1(b"looked for")
HASH = make.v1_hash(TORRENT)
LINK = f"magnet:?xt=urn:btih:{HASH}&tr=udp%3A%2F%2Fone.example%3A1&x.pe=8.8.8.8:1&x.pe=127.0.0.1:1"
SOON = 30_000  # milliseconds, on a machine that is busy with other tests


@pytest.fixture(autouse=True)
def asking(settings: Settings) -> None:
    settings.RESOLVE = True


def text(client: Client, path: str, status: int) -> str:
    answer = client.get(path, follow=True)
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.django_db
class TestWithoutJavaScript:
    def test_what_is_not_held_is_looked_for_with_all_that_the_link_says(self, client: Client) -> None:
        answer = client.get("/find", {"q": LINK})
        assert answer.headers["Location"] == f"/view/{HASH}"
        row = Wanted.objects.get()
        assert (row.trackers, row.awaited) == (["udp://one.example:1"], True)

    def test_the_page_says_so_and_asks_again_by_itself(self, client: Client) -> None:
        page = text(client, f"/find?q={HASH}", 202)
        assert "Looking for it" in page
        assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page

    def test_it_turns_into_the_torrents_page(self, client: Client) -> None:
        text(client, f"/find?q={HASH}", 202)
        deposit(TORRENT)
        assert "looked for" in text(client, f"/view/{HASH}", 200)

    def test_when_nobody_has_it_the_page_says_that_it_goes_on(self, client: Client) -> None:
        text(client, f"/find?q={HASH}", 202)
        leases.record_misses(leases.claim_wishes("one", 1), "one")
        page = text(client, f"/view/{HASH}", 202)
        assert '<div data-when="resting">' in page
        assert "Next search" in page

    def test_what_the_archive_does_not_take_is_said_to_be_so(self, client: Client) -> None:
        text(client, f"/find?q={HASH}", 202)
        leases.give_up_wish(leases.claim_wishes("one", 1)[0], "one", "It is <b>private</b>.")
        page = text(client, f"/view/{HASH}", 404)
        assert "It is &lt;b&gt;private&lt;/b&gt;." in page
        assert "refresh" not in page

    def test_a_look_at_an_address_that_nobody_asked_for_notes_no_wish(self, client: Client) -> None:
        assert "We do not have this torrent" in text(client, f"/view/{HASH}", 404)
        assert not Wanted.objects.exists()

    def test_an_archive_that_may_not_ask_says_that_it_has_it_not(
        self, client: Client, settings: Settings
    ) -> None:
        settings.RESOLVE = False
        assert "We do not have this torrent" in text(client, f"/find?q={HASH}", 404)

    def test_a_full_queue_is_told_in_friendly_words(self, client: Client, settings: Settings) -> None:
        settings.WANTED_MAX = 1
        text(client, f"/find?q={'AB' * 20}", 202)
        answer = client.get("/find", {"q": HASH})
        assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (429, True)

    def test_a_wish_that_was_forgotten_is_a_miss_again(self, client: Client) -> None:
        text(client, f"/find?q={HASH}", 202)
        Wanted.objects.update(asked_at=timezone.now() - timedelta(days=40))
        wish_rows.delete_stale_wishes()
        text(client, f"/view/{HASH}", 404)


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hashkeep]:
    """Asks a network of nobody: it knows no DHT node and no tracker."""
    folder = tmp_path_factory.mktemp("lonely")
    with hashkeep(folder, RESOLVE="on", BT_LISTEN="127.0.0.1:0", DHT_BOOTSTRAP="", TRACKERS="") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=quiet)
        yield started
        started.close()


def test_in_a_browser_the_page_turns_into_the_torrents_own(lonely: Hashkeep, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(lonely.url)
    page.get_by_role("textbox").fill(LINK)
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", name="Looking for it")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("heading", name="Nobody has it just now")).to_be_hidden()
    requests.post(f"{lonely.url}/upload", files={"torrent": TORRENT}, timeout=60).raise_for_status()
    expect(page.get_by_role("heading", name="looked for")).to_be_visible(timeout=SOON)
    assert page.url == f"{lonely.url}/view/{HASH}"
    page.close()


def test_without_javascript_it_does_so_too(lonely: Hashkeep, browser: Browser) -> None:
    other = make.v1(b"looked for by hand")
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{lonely.url}/find?q={make.v1_hash(other)}")
    expect(page.get_by_role("heading", name="Looking for it")).to_be_visible(timeout=SOON)
    requests.post(f"{lonely.url}/upload", files={"torrent": other}, timeout=60).raise_for_status()
    expect(page.get_by_role("heading", name="looked for by hand")).to_be_visible(timeout=SOON)
    page.close()
