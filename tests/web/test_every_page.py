"""What holds for every page: its policy, its size, its structure."""

from typing import Any

import pytest
from django.test import Client

from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from tests import make
from tests.html_pages import get_page, page_weight

pytestmark = pytest.mark.django_db

SINTEL = make.v1(b"Sintel", files={(b"Sintel.mkv",): 5_000_000_000, (b"Subs", b"de.srt"): 100})
HASH = make.v1_hash(SINTEL)
ABSENT = "AB" * 20


@pytest.fixture(
    params=["/", "/api", "/takedowns", "/stats", f"/view/{HASH}", f"/view/{ABSENT}", f"/view/{'CD' * 20}"]
    + ["/find?q=x", "/view/nonsense", "/nowhere"]
)
def every_page(client: Client, request: pytest.FixtureRequest) -> Any:
    deposit(SINTEL)
    take_down(b"\xcd" * 20, "Court order")
    return get_page(client, request.param)


def test_no_page_allows_scripts_or_styles_but_its_own_files(every_page: Any) -> None:
    policy = dict(part.split(" ", 1) for part in every_page.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert {policy[kind] for kind in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
    assert not every_page.page.xpath(
        "//style | //script[not(@src)] | //@style | //@*[starts-with(name(), 'on')]"
    )


def test_no_page_loads_or_links_to_another_site(every_page: Any) -> None:
    urls = every_page.page.xpath(
        "//@src | //link/@href | //form/@action | //a/@href[not(starts-with(., 'magnet:'))]"
    )
    assert urls
    assert all(url.startswith(("/", "#", "http://testserver/")) and not url.startswith("//") for url in urls)


def test_every_page_is_small(client: Client, every_page: Any) -> None:
    assert page_weight(client, every_page) < 60_000


def test_every_page_has_a_language_a_title_and_one_heading(every_page: Any) -> None:
    page = every_page.page
    assert page.get("lang") == "en"
    assert page.xpath("string(//title)").strip()
    assert len(page.xpath("//h1")) == len(page.xpath("//main")) == 1


def test_no_page_sets_a_cookie(every_page: Any) -> None:
    assert not every_page.cookies


def test_the_admin_keeps_its_own_policy(client: Client) -> None:
    answer = client.get("/admin/login/")
    assert (answer.status_code, "Content-Security-Policy" in answer.headers) == (200, False)


@pytest.mark.parametrize(
    "url", ["/", "/find", "/api", "/takedowns", "/stats", f"/view/{HASH}", "/robots.txt"]
)
def test_pages_answer_other_methods_with_405(client: Client, url: str) -> None:
    assert client.post(url).status_code == 405


def test_old_browsers_get_an_icon(client: Client) -> None:
    answer = client.get(client.get("/favicon.ico").headers["Location"])
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert b"".join(answer).startswith(b"<svg")
