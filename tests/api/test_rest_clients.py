"""/api/v1/clients and the button "Send to …", for staff only, with a real qBittorrent."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from lxml import html
from pytest_django import Settings

from archive.torrents.deposit import deposit
from clients import ClientAddress
from tests import make
from tests.client_operations import client_address
from tests.servers import free_port
from tests.servers.network_namespace import network_namespace
from tests.servers.qbittorrent import Qbittorrent, qbittorrent

pytestmark = pytest.mark.django_db

V1 = make.v1(b"a film.mkv")
HASH = make.v1_hash(V1)
TORRENTS = "/api/v1/clients/home/torrents"
ONE = f"{TORRENTS}/{HASH}"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Qbittorrent]:
    with network_namespace(), qbittorrent(tmp_path_factory.mktemp("q"), "5.1") as running:
        yield running


@pytest.fixture(autouse=True)
def configured_client(daemon: Qbittorrent, settings: Settings) -> Iterator[None]:
    away = ClientAddress("transmission", False, "127.0.0.1", free_port(), "/", "me", "a password")
    settings.CLIENTS = {"home": client_address(daemon), "away": away}
    yield


@pytest.fixture
def staff() -> Browser:
    browser = Browser()
    browser.force_login(User.objects.create_user("operator", is_staff=True))
    return browser


def read_json(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content
    assert b"a password" not in answer.content
    return answer.json()


def parse_page(answer: Any) -> Any:
    return html.fromstring(answer.content)


def test_strangers_and_users_who_are_not_staff_are_refused(client: Browser) -> None:
    for status in (401, 403):
        for url in ("/api/v1/clients", TORRENTS, ONE):
            assert "sign in at /admin/" in read_json(client.get(url), status)["detail"]
        assert client.post(TORRENTS, {"infohash": HASH}).status_code == status
        assert (
            client.post(f"/send/{HASH}", {"client": "home"}).headers["Location"].startswith("/admin/login/")
        )
        client.force_login(User.objects.get_or_create(username="visitor")[0])


def test_without_a_csrf_token_nothing_changes(daemon: Qbittorrent) -> None:
    deposit(V1)
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(User.objects.create_user("operator", is_staff=True))
    assert read_json(browser.post(TORRENTS, {"infohash": HASH}), 403)["type"].endswith("permission-denied")
    assert browser.post(f"/send/{HASH}", {"client": "home"}).status_code == 403
    assert daemon.torrents() == []


def test_all_clients_are_listed_with_whether_they_answer(staff: Browser) -> None:
    home, away = read_json(staff.get("/api/v1/clients"))
    assert home == {"name": "home", "kind": "qbittorrent", "answers": True, "version": "qBittorrent 5.1.0"}
    assert (away["name"], away["answers"]) == ("away", False)
    assert away["reason"].endswith("cannot be reached.")
    assert staff.get("/api/v1/clients/").headers["Location"] == "/api/v1/clients"


def test_a_torrent_is_added_read_and_removed(staff: Browser, daemon: Qbittorrent) -> None:
    deposit(V1)
    wish = {"infohash": HASH, "paused": True, "save_path": "/tmp/films", "tags": "film, new"}
    added = read_json(staff.post(TORRENTS, wish, "application/json"), 201)
    assert (added["v1"], added["v2"], added["path"]) == (HASH, None, "/tmp/films")
    assert sorted(added["tags"]) == ["film", "new"]
    read_json(staff.post(TORRENTS, {"torrent": SimpleUploadedFile("film.torrent", V1)}), 200)
    assert [one["v1"] for one in read_json(staff.get(TORRENTS))] == [HASH]
    assert read_json(staff.get(ONE))["name"] == "a film.mkv"
    assert read_json(staff.get(f"{ONE}/files")) == [{"path": "a film.mkv", "size": 5, "progress": 0}]
    tracker = {"url": "udp://127.0.0.1:9/announce"}
    assert staff.post(f"{ONE}/trackers", tracker, "application/json").status_code == 204
    assert [one["url"] for one in read_json(staff.get(f"{ONE}/trackers"))][1:] == [tracker["url"]]
    assert staff.delete(f"{ONE}/trackers", tracker, "application/json").status_code == 204
    assert len(read_json(staff.get(f"{ONE}/trackers"))) == 1
    for action in ("start", "stop", "reannounce"):
        assert staff.post(f"{ONE}/{action}").status_code == 204
    assert staff.delete(f"{ONE}?data=true").status_code == 204
    assert daemon.torrents() == []


def test_a_magnet_link_is_added(staff: Browser) -> None:
    link = f"magnet:?xt=urn:btih:{'01' * 20}"
    assert (
        read_json(staff.post(TORRENTS, {"magnet": link, "paused": True}, "application/json"), 201)["v1"]
        == "01" * 20
    )
    assert staff.delete(f"{TORRENTS}/{'01' * 20}").status_code == 204


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ([], 400),
        ({}, 400),
        ({"infohash": 5}, 400),
        ({"infohash": "nonsense"}, 400),
        ({"infohash": "0" * 40}, 404),
        ({"magnet": "magnet:?nothing"}, 400),
        ({"magnet": f"magnet:?xt=urn:btih:{'02' * 20}", "tags": ["a"]}, 400),
    ],
)
def test_bad_requests_to_add_are_problems(staff: Browser, wish: object, status: int) -> None:
    problem = read_json(staff.post(TORRENTS, wish, "application/json"), status)
    assert problem["detail"]


def test_an_unknown_client_torrent_or_action_is_a_problem(staff: Browser) -> None:
    assert (
        read_json(staff.get("/api/v1/clients/work/torrents"), 404)["detail"]
        == "There is no client called work."
    )
    assert read_json(staff.get(ONE), 404)["type"].endswith("unknown-torrent")
    assert read_json(staff.post(f"{ONE}/dance"), 404)
    assert read_json(staff.post(f"{ONE}/trackers", {"url": "x"}, "application/json"), 404)
    assert read_json(staff.get("/api/v1/clients/away/torrents"), 502)["type"].endswith("unreachable")


def test_the_button_sends_a_torrent_without_javascript(staff: Browser, daemon: Qbittorrent) -> None:
    deposit(V1)
    page = staff.get(f"/view/{HASH}")
    assert page.headers["Cache-Control"] == "private, no-store"
    [form] = parse_page(page).xpath("//form[@class='send']")
    assert [button.text for button in form.xpath(".//button")] == ["Send to home", "Send to away"]
    browser = Browser(enforce_csrf_checks=True)
    browser.cookies = staff.cookies
    wish = {"csrfmiddlewaretoken": form.xpath("string(.//input[@type='hidden']/@value)"), "paused": "on"}
    for client, message in (
        ("home", "Sent to home."),
        ("home", "home has it already."),
        ("away", "cannot be reached"),
    ):
        shown = browser.post(form.get("action"), {**wish, "client": client}, follow=True)
        assert message in parse_page(shown).xpath("string(//p[@class='message'])")
        assert b"a password" not in shown.content
    assert [row["infohash_v1"] for row in daemon.torrents()] == [HASH.lower()]
    staff.delete(ONE)


def test_strangers_see_no_button_and_get_no_cookie(client: Browser) -> None:
    deposit(V1)
    page = client.get(f"/view/{HASH}")
    assert b"Send to" not in page.content
    assert not page.cookies
    assert page.headers["Cache-Control"] == "no-cache"
