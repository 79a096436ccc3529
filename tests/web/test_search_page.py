"""The search page without JavaScript; test_browser.py tests it in Chromium."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from archive.torrents.deposit import deposit
from tests import make
from tests.html_pages import get_page, page_text, page_weight

pytestmark = pytest.mark.django_db


def hit_names(answer: Any) -> list[str]:
    return [link.text_content() for link in answer.page.xpath("//ol[@class='hits']/li/a")]


def test_words_find_torrents_with_size_and_date(client: Client) -> None:
    torrent = make.v1(b"Sintel 4k", files={(b"a.mkv",): 1_503_238_553, (b"b",): 0})
    for one in (torrent, make.v1(b"another")):
        deposit(one)
    answer = get_page(client, "/search", data={"q": "SINTEL"})
    assert hit_names(answer) == ["Sintel 4k"]
    assert "1.40 GiB in 2 files" in page_text(answer)
    [link] = answer.page.xpath("//ol[@class='hits']/li/a/@href")
    assert client.get(link).status_code == 200
    assert answer.page.get_element_by_id("q").get("value") == "SINTEL"


def test_the_front_page_has_the_same_search_box(client: Client) -> None:
    deposit(make.v1(b"Sintel"))
    [form] = get_page(client, "/").page.xpath("//form[@role='search']")
    assert form.get("action") == "/search"
    assert hit_names(get_page(client, form.get("action"), data={"q": "sintel"})) == ["Sintel"]


@pytest.mark.parametrize("spelling", ["{}", "magnet:?xt=urn:btih:{}&dn=x", " {} "])
def test_an_infohash_in_the_box_leads_to_its_torrent(client: Client, spelling: str) -> None:
    torrent = make.v1(b"Sintel")
    deposit(torrent)
    answer = client.get("/search", {"q": spelling.format(make.v1_hash(torrent))}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/view/{make.v1_hash(torrent)}"


def test_an_archive_that_does_not_list_finds_by_infohash_too(client: Client, settings: Settings) -> None:
    settings.LISTING = False
    deposit(torrent := make.v1(b"Sintel"))
    for spelling in (make.v1_hash(torrent), f"magnet:?xt=urn:btih:{make.v1_hash(torrent)}"):
        answer = client.get("/search", {"q": spelling}, follow=True)
        assert answer.redirect_chain[-1] == (f"/view/{make.v1_hash(torrent)}", 302)
        assert answer.status_code == 200


def test_a_link_leads_to_older_torrents_of_the_same_search(client: Client) -> None:
    for n in range(30):
        deposit(make.v1(b"part %d" % n, 2_000_000 if n else 1))
    first = get_page(client, "/search", data={"q": "part", "min_mib": "1"})
    assert hit_names(first) == [f"part {n}" for n in range(29, 4, -1)]
    second = get_page(client, "/search" + first.page.xpath("string(//a[@rel='next']/@href)"))
    assert hit_names(second) == ["part 4", "part 3", "part 2", "part 1"]
    assert not second.page.xpath("//a[@rel='next']")


@pytest.mark.parametrize(
    "nonsense",
    [
        {"q": "\0\u202e\"'<b>"},
        {"min_mib": "many"},
        {"min_mib": "-1"},
        {"max_mib": "9" * 30},
        {"before": "9" * 30},
    ]
    + [{"since": "yesterday"}, {"since": "0001-01-01", "until": "9999-12-31"}, {"q": "x" * 7_000}],
)
def test_no_query_is_an_error(client: Client, nonsense: dict[str, str]) -> None:
    deposit(make.v1(b"hello"))
    answer = get_page(client, "/search", data=nonsense)
    assert answer.status_code == 200
    assert not answer.page.xpath("//b")


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"min_mib": "many"}, "This is no number from 0 on."),
        ({"max_files": "-1"}, "This is no number from 0 on."),
        ({"max_mib": "9" * 30}, "This is more than anything has."),
        ({"since": "yesterday"}, "This is no date, such as 2026-01-31."),
    ],
)
def test_an_invalid_filter_has_a_message_beside_its_field(
    client: Client, wrong: dict[str, str], complaint: str
) -> None:
    deposit(make.v1(b"hello"))
    answer = get_page(client, "/search", data=wrong | {"min_files": "1"})
    assert hit_names(answer) == ["hello"]
    [name] = wrong
    field = answer.page.xpath(f"//input[@name='{name}']")[0]
    message = answer.page.get_element_by_id(field.get("aria-describedby"))
    assert message.text_content() == f"{complaint} It was left out."
    assert field.get("value") is None and field.get("aria-invalid") == "true"
    assert answer.page.xpath("string(//input[@name='min_files']/@value)") == "1"
    assert answer.page.xpath("//details[@class='filters']/@open")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "Nothing is stored yet."),
        (
            {"q": "a", "min_mib": "many"},
            "Nothing is stored that has all of this. Fewer words find more. Whole",
        ),
        ({"since": "2030-01-01"}, "Nothing is stored that these filters let through: “Stored from”."),
        (
            {"max_files": "1", "alive": "on", "min_mib": "9"},
            "filters let through: “At least, MiB”, “Files, at most” and “Only what has peers”.",
        ),
        (
            {"q": "a", "min_mib": "9"},
            "Fewer words find more, and so do fewer filters: “At least, MiB”. Whole",
        ),
    ],
)
def test_an_empty_result_names_the_filters_that_were_set(
    client: Client, asked: dict[str, str], message: str
) -> None:
    shown = page_text(get_page(client, "/search", data=asked))
    assert message in shown
    assert ("Fewer words" in shown) == ("q" in asked)


@pytest.mark.parametrize("blank", ["", " ", "\t\n "])
def test_a_blank_query_is_headed_as_no_query(client: Client, blank: str) -> None:
    assert get_page(client, "/search", data={"q": blank}).page.xpath("string(//h1)") == "The newest torrents"


@pytest.mark.parametrize(("digits", "hinted"), [(39, True), (41, True), (63, True), (20, False)])
def test_the_digits_of_a_wrong_infohash_are_counted(client: Client, digits: int, hinted: bool) -> None:
    answer = get_page(client, "/search", data={"q": " " + ("0a" * 40)[:digits]})
    assert (f"it has {digits} digits" in page_text(answer)) == hinted


def test_date_filters_include_their_days(client: Client) -> None:
    deposit(make.v1(b"hello"))
    shown = get_page(client, "/search").page.xpath("string(//ol[@class='hits']//time/@datetime)")[:10]
    assert hit_names(get_page(client, "/search", data={"since": shown, "until": shown})) == ["hello"]


def test_hostile_names_are_escaped(client: Client) -> None:
    for name in (b"<img src=x onerror=alert(1)>", "photo\u202egnp.exe".encode(), b"", b"\x1b[31m"):
        deposit(make.v1(name, files={(b"a",): 1, (b"b",): 1}))
    answer = get_page(client, "/search")
    assert not answer.page.xpath("//main//img")
    assert hit_names(answer) == [
        "‹U+001B›[31m",
        "(no name)",
        "photo‹U+202E›gnp.exe",
        "<img src=x onerror=alert(1)>",
    ]


@pytest.mark.parametrize("name", ["&" * 4_000, "\u202e" * 1_000, "日" * 1_000])
def test_a_page_of_the_longest_names_is_small(client: Client, name: str) -> None:
    for n in range(25):
        deposit(make.v1(name.encode(), n + 1))
    answer = get_page(client, "/search")
    assert len(hit_names(answer)) == 25
    assert page_weight(client, answer) < 60_000


def test_an_archive_that_does_not_list_shows_no_search(client: Client, settings: Settings) -> None:
    settings.LISTING = False
    answer = get_page(client, "/search", data={"q": "hello"})
    assert answer.status_code == 404
    assert "does not list" in page_text(answer)
    front = get_page(client, "/").page
    assert front.xpath("//form[@role='search']")[0].get("action") == "/find"
    assert not front.xpath("//a[@href='/search']")
    assert not get_page(client, "/api").page.xpath("//h2[@id='programs']")
