"""The pages as a browser without JavaScript gets them."""

import base64
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from metainfo.errors import NotATorrent
from tests import make
from tests.html_pages import get_page, page_text, page_weight, parse_page
from tests.missing_table import missing_table
from web.errors import server_error

pytestmark = pytest.mark.django_db

SINTEL = make.v1(b"Sintel", files={(b"Sintel.mkv",): 5_000_000_000, (b"Subs", b"de.srt"): 100})
HASH = make.v1_hash(SINTEL)
ABSENT = "AB" * 20


# The front page


def test_the_front_page_shows_how_many_torrents_are_stored(client: Client) -> None:
    for n in range(3):
        deposit(make.v1(b"torrent %d" % n))
    assert get_page(client, "/").page.get_element_by_id("count").text == "3"


# Finding


@pytest.mark.parametrize(
    "spelling",
    [
        HASH,
        HASH.lower(),
        f"  {HASH}\n",
        base64.b32encode(bytes.fromhex(HASH)).decode(),
        f"magnet:?xt=urn:btih:{HASH}&dn=Sintel",
        f"https://elsewhere.example/torrent/{HASH}.torrent",
    ],
)
def test_a_torrent_is_found_however_it_is_spelled(client: Client, spelling: str) -> None:
    deposit(SINTEL)
    answer = client.get("/find", {"q": spelling}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/view/{HASH}"
    assert answer.status_code == 200


@pytest.mark.parametrize("nonsense", ["", "hello", "magnet:?dn=x", "A" * 39, '"><script>alert(1)</script>'])
def test_what_spells_no_infohash_is_asked_for_again(client: Client, nonsense: str) -> None:
    answer = get_page(client, "/find", data={"q": nonsense})
    assert answer.status_code == 400
    assert answer.page.get_element_by_id("q").get("value") == nonsense
    assert "An infohash is 40 or 64 hex digits" in page_text(
        answer
    ) or "names no BitTorrent infohash" in page_text(answer)


@pytest.mark.parametrize(
    ("asked", "right"),
    [
        ("/admin", "/admin/"),
        ("/api/", "/api"),
        ("/takedowns/", "/takedowns"),
        ("/find/?q=x", "/find?q=x"),
        (f"/view/{'AB' * 20}/?x=1", f"/view/{'AB' * 20}?x=1"),
    ],
)
def test_a_slash_too_many_or_too_few_leads_to_the_right_address(
    client: Client, asked: str, right: str
) -> None:
    assert client.get(asked).headers["Location"] == right


@pytest.mark.parametrize("asked", ["/nothing/", "//api/", "/admin/nothing/", "//evil.example/"])
def test_a_slash_leads_nowhere_else(client: Client, asked: str) -> None:
    assert client.get(asked).headers.get("Location", "/admin/login/").startswith("/admin/login/")


def test_a_torrent_that_is_not_held_is_not_found(client: Client) -> None:
    answer = get_page(client, "/find", data={"q": ABSENT.lower()}, follow=True)
    assert answer.status_code == 404
    assert ABSENT in page_text(answer)


# Storing without JavaScript


def form(*files: tuple[str, bytes]) -> dict[str, list[SimpleUploadedFile]]:
    return {"torrent": [SimpleUploadedFile(name, content) for name, content in files]}


def test_each_file_of_the_form_gets_its_line(client: Client) -> None:
    new, known = make.v1(b"new"), make.v1(b"known")
    deposit(known)
    sent = form(("new.torrent", new), ("known.torrent", known), ("bad.torrent", b"hello"), ("empty", b""))
    lines = parse_page(client.post("/store", sent)).xpath("//ol/li")
    said = [" ".join(line.text_content().split()) for line in lines]
    assert said[0] == f"new.torrent stored: {make.v1_hash(new)}"
    assert said[1] == f"known.torrent was here already: {make.v1_hash(known)}"
    assert [line.get("class") for line in lines] == ["good", "good", "bad", "bad"]
    assert client.get(lines[0].xpath(".//a/@href")[0]).status_code == 200


def test_a_file_above_the_limit_is_refused_alone(client: Client, settings: Settings) -> None:
    settings.MAX_TORRENT_BYTES = 1_000
    sent = form(("large.torrent", make.v1(b"large", 10_000_000)), ("small.torrent", make.v1(b"small")))
    lines = parse_page(client.post("/store", sent)).xpath("//ol/li")
    assert [line.get("class") for line in lines] == ["bad", "good"]


def test_a_file_that_is_refused_is_not_kept_until_the_page_is_made(client: Client) -> None:
    """A refusal that was raised holds frames, and those the bytes."""
    [outcome] = client.post("/store", form(("bad.torrent", b"hello"))).context["outcomes"]
    assert isinstance(outcome.refusal, NotATorrent)
    assert outcome.refusal.__traceback__ is None


def test_hostile_file_names_are_shown_and_do_nothing(client: Client) -> None:
    answer = client.post("/store", form(("<img src=x onerror=alert(1)>.torrent", b"hello")))
    page = parse_page(answer)
    assert not page.xpath("//li//img")
    assert page.xpath("string(//li/bdi)") == "<img src=x onerror=alert(1)>.torrent"


def test_a_form_without_files_is_told_so(client: Client) -> None:
    answer = client.post("/store")
    assert (answer.status_code, "No file arrived" in answer.content.decode()) == (400, True)


def test_more_files_than_a_form_may_have_are_no_crash(client: Client) -> None:
    answer = client.post("/store", form(*((f"{n}.torrent", b"x") for n in range(101))))
    assert (answer.status_code, "more than a hundred files" in answer.content.decode()) == (400, True)


# Takedowns


def test_a_torrent_that_was_taken_down_says_why(client: Client) -> None:
    deposit(SINTEL)
    take_down(bytes.fromhex(HASH), "Court order <b>12</b>\u202e")
    answer = get_page(client, f"/view/{HASH}")
    assert answer.status_code == 451
    assert answer.headers["Link"] == '<http://testserver/takedowns>; rel="blocked-by"'  # RFC 7725
    assert "Court order <b>12</b>‹U+202E›" in page_text(answer)


def test_a_torrent_whose_takedown_is_not_listed_sends_nobody_to_a_list_in_vain(client: Client) -> None:
    take_down(bytes.fromhex(HASH), "On a list.", listed=False)
    assert "this one need not be among them" in page_text(get_page(client, f"/view/{HASH}"))


def test_takedowns_are_listed_with_infohash_date_and_reason(client: Client) -> None:
    take_down(bytes.fromhex(ABSENT), "Court order <b>12</b>")
    take_down(bytes.fromhex("CD" * 20), "its very hash must not be spread", listed=False)
    answer = get_page(client, "/takedowns")
    [line] = answer.page.xpath("//ol/li")
    shown = line.text_content()
    assert ABSENT in shown and "Court order <b>12</b>" in shown
    date = line.xpath("string(time/@datetime)")[:10]
    assert client.get("/takedowns.txt").content.decode() == f"{ABSENT}\t{date}\tCourt order <b>12</b>\n"


def test_takedowns_that_are_not_listed_are_neither_told_nor_denied(client: Client) -> None:
    take_down(b"\xcd" * 20, "its very hash must not be spread", listed=False)
    shown = page_text(get_page(client, "/takedowns"))
    assert "Nothing that may be named here has been taken down." in shown


def test_of_very_many_takedowns_the_page_shows_the_newest(client: Client) -> None:
    for n in range(130):
        take_down(bytes([n]) * 20, f"reason {n}")
    answer = get_page(client, "/takedowns")
    assert len(answer.page.xpath("//ol/li")) == 100
    assert "reason 129" in page_text(answer) and "reason 29" not in page_text(answer)
    assert len(client.get("/takedowns.txt").content.splitlines()) == 130


# The API page


@pytest.mark.parametrize("open_to_all", [True, False])
def test_the_api_page_begins_with_links_to_all_its_parts(
    client: Client, settings: Settings, open_to_all: bool
) -> None:
    settings.UPLOADS, settings.LISTING = ("open" if open_to_all else "keys"), open_to_all
    api = get_page(client, "/api").page
    assert [link.removeprefix("#") for link in api.xpath("//nav//@href[starts-with(., '#')]")] == api.xpath(
        "//h2/@id"
    )


def test_the_examples_carry_the_servers_own_address(client: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["archive.example"]
    assert "http://archive.example/upload" in page_text(
        get_page(client, "/api", headers={"host": "archive.example"})
    )
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://public.example", ["public.example"]
    shown = page_text(get_page(client, "/api", headers={"host": "archive.example"}))
    assert "https://public.example/upload" in shown
    assert "http://archive.example" not in shown


def test_the_network_is_spoken_of_where_it_is_asked(client: Client, settings: Settings) -> None:
    settings.RESOLVE = True
    shown = page_text(get_page(client, "/api"))
    assert "fetched from the BitTorrent network" in shown
    assert "looked for in the BitTorrent network" in shown
    settings.RESOLVE = False
    shown = page_text(get_page(client, "/api"))
    assert "BitTorrent network" not in shown
    assert "does not look for torrents" in shown


@pytest.mark.django_db(transaction=True)  # wishes are noted by a thread of their own
@pytest.mark.parametrize("resolves", [True, False])
def test_the_addresses_of_torrents_answer_as_the_page_says(
    client: Client, settings: Settings, resolves: bool
) -> None:
    settings.RESOLVE = resolves
    page = get_page(client, "/api").page
    statuses = page.xpath("//table[@id='statuses']/tbody/tr/td[1]/text()")
    assert ("408" in statuses, "429" in statuses) == (resolves, resolves)
    lines = page.xpath("//table[@id='addresses']/tbody/tr")
    assert len(lines) == 4
    for line in lines:
        address, absent, wrong = (cell.text_content() for cell in line)
        for name, told in ((ABSENT, absent), ("nonsense", wrong)):
            answer = client.get(f"{address.replace('<HASH>', name)}?timeout=0")
            assert answer.status_code == int(told[:3])
            assert told[:3] in statuses


def test_the_page_says_how_long_an_address_waits(client: Client, settings: Settings) -> None:
    settings.RESOLVE, settings.RESOLVE_TIMEOUT = True, 7.5
    shown = page_text(get_page(client, "/api"))
    assert "wait for it: 7.5 seconds, or as many as ?timeout= says, at most 60" in shown
    assert "tr= and x.pe=" in shown


def test_looks_at_torrents_are_promised_where_there_is_a_census(client: Client, settings: Settings) -> None:
    promises = ("looked at daily", "looked at soon")
    settings.CENSUS = True
    shown = page_text(get_page(client, "/api"))
    assert all(promise in shown for promise in promises) and "does not count peers" not in shown
    settings.CENSUS = False
    shown = page_text(get_page(client, "/api"))
    assert not any(promise in shown for promise in promises) and "does not count peers" in shown


# What holds for every page


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


def test_no_page_loads_or_names_anything_elsewhere(every_page: Any) -> None:
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


def test_the_page_for_our_own_errors_needs_nothing_that_may_be_broken(
    django_assert_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    with django_assert_num_queries(0):
        answer: HttpResponse = server_error(RequestFactory().get("/", headers={"host": "[broken"}))
    assert (answer.status_code, b"not your fault" in answer.content) == (500, True)


@pytest.mark.parametrize("url", ["/", f"/torrent/{HASH}.torrent"])
def test_a_host_that_is_not_ours_is_told_so_in_plain_words(
    client: Client, settings: Settings, url: str
) -> None:
    settings.ALLOWED_HOSTS = ["archive.example"]
    answer = client.get(url, headers={"host": "evil.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert b"ALLOWED_HOSTS" in answer.content
    assert b"evil.example" not in answer.content


@pytest.mark.parametrize(
    "url", ["/", "/find", "/api", "/takedowns", "/stats", f"/view/{HASH}", "/robots.txt"]
)
def test_pages_are_for_reading(client: Client, url: str) -> None:
    assert client.post(url).status_code == 405


def test_search_engines_are_kept_from_torrents(client: Client) -> None:
    assert b"Disallow: /view/" in client.get("/robots.txt").content


def test_old_browsers_get_an_icon(client: Client) -> None:
    answer = client.get(client.get("/favicon.ico").headers["Location"])
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert b"".join(answer).startswith(b"<svg")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["archive_takedown", "archive_tally", "archive_torrent"])
def test_while_the_index_is_away_pages_ask_for_patience(client: Client, table: str) -> None:
    path = {"archive_takedown": "/takedowns", "archive_tally": "/"}.get(table, f"/view/{ABSENT}")
    with missing_table(table):
        answer = client.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


def test_a_form_without_its_token_is_refused_with_our_page() -> None:
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"})
    assert answer.status_code == 403
    assert b"came from elsewhere" in answer.content
