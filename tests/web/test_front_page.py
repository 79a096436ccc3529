"""The front page, and its upload form as browsers without JavaScript send it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from archive.torrents.deposit import deposit
from metainfo.errors import NotATorrent
from tests import make
from tests.html_pages import get_page, parse_page

pytestmark = pytest.mark.django_db


def test_the_front_page_shows_how_many_torrents_are_stored(client: Client) -> None:
    for n in range(3):
        deposit(make.v1(b"torrent %d" % n))
    assert get_page(client, "/").page.get_element_by_id("count").text == "3"


def make_form(*files: tuple[str, bytes]) -> dict[str, list[SimpleUploadedFile]]:
    return {"torrent": [SimpleUploadedFile(name, content) for name, content in files]}


def test_each_file_of_the_form_gets_its_line(client: Client) -> None:
    new, known = make.v1(b"new"), make.v1(b"known")
    deposit(known)
    sent = make_form(
        ("new.torrent", new), ("known.torrent", known), ("bad.torrent", b"hello"), ("empty", b"")
    )
    lines = parse_page(client.post("/store", sent)).xpath("//ol/li")
    said = [" ".join(line.text_content().split()) for line in lines]
    assert said[0] == f"new.torrent stored: {make.v1_hash(new)}"
    assert said[1] == f"known.torrent was here already: {make.v1_hash(known)}"
    assert [line.get("class") for line in lines] == ["good", "good", "bad", "bad"]
    assert client.get(lines[0].xpath(".//a/@href")[0]).status_code == 200


def test_a_file_above_the_limit_is_refused_alone(client: Client, settings: Settings) -> None:
    settings.MAX_TORRENT_BYTES = 1_000
    sent = make_form(("large.torrent", make.v1(b"large", 10_000_000)), ("small.torrent", make.v1(b"small")))
    lines = parse_page(client.post("/store", sent)).xpath("//ol/li")
    assert [line.get("class") for line in lines] == ["bad", "good"]


def test_the_bytes_of_a_refused_file_are_freed_before_the_page_is_made(client: Client) -> None:
    """A refusal that was raised holds frames, and those the bytes."""
    [outcome] = client.post("/store", make_form(("bad.torrent", b"hello"))).context["outcomes"]
    assert isinstance(outcome.refusal, NotATorrent)
    assert outcome.refusal.__traceback__ is None


def test_hostile_file_names_are_escaped(client: Client) -> None:
    answer = client.post("/store", make_form(("<img src=x onerror=alert(1)>.torrent", b"hello")))
    page = parse_page(answer)
    assert not page.xpath("//li//img")
    assert page.xpath("string(//li/bdi)") == "<img src=x onerror=alert(1)>.torrent"


def test_a_form_without_files_is_400(client: Client) -> None:
    answer = client.post("/store")
    assert (answer.status_code, "No file arrived" in answer.content.decode()) == (400, True)


def test_more_files_than_a_form_may_have_are_400(client: Client) -> None:
    answer = client.post("/store", make_form(*((f"{n}.torrent", b"x") for n in range(101))))
    assert (answer.status_code, "more than a hundred files" in answer.content.decode()) == (400, True)
