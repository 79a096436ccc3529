"""The public list of takedowns, and the page of a torrent that was taken down."""

import pytest
from django.test import Client

from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from tests import make
from tests.html_pages import get_page, page_text

pytestmark = pytest.mark.django_db

SINTEL = make.v1(b"Sintel", files={(b"Sintel.mkv",): 5_000_000_000, (b"Subs", b"de.srt"): 100})
HASH = make.v1_hash(SINTEL)
ABSENT = "AB" * 20


def test_the_page_of_a_torrent_that_was_taken_down_says_why(client: Client) -> None:
    deposit(SINTEL)
    take_down(bytes.fromhex(HASH), "Court order <b>12</b>\u202e")
    answer = get_page(client, f"/view/{HASH}")
    assert answer.status_code == 451
    assert answer.headers["Link"] == '<http://testserver/takedowns>; rel="blocked-by"'  # RFC 7725
    assert "Court order <b>12</b>‹U+202E›" in page_text(answer)


def test_an_unlisted_takedown_is_not_said_to_be_on_the_list(client: Client) -> None:
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


def test_unlisted_takedowns_are_not_on_the_page(client: Client) -> None:
    take_down(b"\xcd" * 20, "its very hash must not be spread", listed=False)
    shown = page_text(get_page(client, "/takedowns"))
    assert "Nothing that may be named here has been taken down." in shown


def test_the_page_shows_the_newest_of_many_takedowns(client: Client) -> None:
    for n in range(130):
        take_down(bytes([n]) * 20, f"reason {n}")
    answer = get_page(client, "/takedowns")
    assert len(answer.page.xpath("//ol/li")) == 100
    assert "reason 129" in page_text(answer) and "reason 29" not in page_text(answer)
    assert len(client.get("/takedowns.txt").content.splitlines()) == 130
