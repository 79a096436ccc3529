"""The button "Send to …" in Chromium, with a real qBittorrent behind it."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
import requests
from playwright.sync_api import Page, expect, sync_playwright

from tests import make
from tests.client_operations import poll_until
from tests.servers.hashkeep import Hashkeep, hashkeep
from tests.servers.network_namespace import network_namespace
from tests.servers.qbittorrent import Qbittorrent, qbittorrent
from tests.web.test_browser import QUIET, SOON

TORRENT = make.v1(b"sent by a button")
PASSWORD = "correct horse"


class Browser(NamedTuple):
    server: Hashkeep
    daemon: Qbittorrent
    page: Page
    """A page without a signed-in user."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with (
        network_namespace(),
        qbittorrent(tmp_path_factory.mktemp("q"), "5.3") as daemon,
        hashkeep(
            tmp_path_factory.mktemp("archive"),
            CLIENTS=f"home=qbittorrent://admin:a%20password@127.0.0.1:{daemon.web},"
            "away=transmission://me:a%20password@127.0.0.1:9",
            DJANGO_SUPERUSER_PASSWORD=PASSWORD,
        ) as server,
        sync_playwright() as playwright,
    ):
        server.manage("createsuperuser", "--noinput", "--username", "Anna", "--email", "anna@example.com")
        requests.post(f"{server.url}/upload", files={"torrent": TORRENT}, timeout=60).raise_for_status()
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        yield Browser(server, daemon, browser.new_page(base_url=server.url))
        browser.close()


def test_the_button_sends_a_torrent_to_a_client(browser: Browser) -> None:
    page, here = browser.page, f"/view/{make.v1_hash(TORRENT)}"
    page.goto(here)
    expect(page.get_by_role("button", name="Send to home")).to_have_count(0)
    page.goto("/admin/")
    page.get_by_label("Username").fill("Anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/")
    page.goto(here)
    page.get_by_label("paused").check()
    page.get_by_role("button", name="Send to home").click()
    expect(page.get_by_text("Sent to home.")).to_be_visible(timeout=SOON)
    poll_until(lambda: [row["state"] for row in browser.daemon.torrents()] == ["stoppedDL"])
    assert [row["infohash_v1"] for row in browser.daemon.torrents()] == [make.v1_hash(TORRENT).lower()]
    page.get_by_role("button", name="Send to home").click()
    expect(page.get_by_text("home has it already.")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Send to away").click()
    expect(page.get_by_text("cannot be reached")).to_be_visible(timeout=SOON)
    assert "a password" not in page.content()
