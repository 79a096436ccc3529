"""Error pages, and redirects to the address without a slash."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from tests import make
from tests.missing_table import missing_table
from web.errors import server_error

pytestmark = pytest.mark.django_db

SINTEL = make.v1(b"Sintel", files={(b"Sintel.mkv",): 5_000_000_000, (b"Subs", b"de.srt"): 100})
HASH = make.v1_hash(SINTEL)
ABSENT = "AB" * 20


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
def test_a_slash_redirects_to_no_other_site(client: Client, asked: str) -> None:
    assert client.get(asked).headers.get("Location", "/admin/login/").startswith("/admin/login/")


def test_the_page_of_status_500_needs_neither_the_request_nor_the_database(
    django_assert_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    with django_assert_num_queries(0):
        answer: HttpResponse = server_error(RequestFactory().get("/", headers={"host": "[broken"}))
    assert (answer.status_code, b"not your fault" in answer.content) == (500, True)


@pytest.mark.parametrize("url", ["/", f"/torrent/{HASH}.torrent"])
def test_a_wrong_host_header_is_answered_in_plain_text(client: Client, settings: Settings, url: str) -> None:
    settings.ALLOWED_HOSTS = ["archive.example"]
    answer = client.get(url, headers={"host": "evil.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert b"ALLOWED_HOSTS" in answer.content
    assert b"evil.example" not in answer.content


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["archive_takedown", "archive_tally", "archive_torrent"])
def test_pages_are_503_while_the_database_is_away(client: Client, table: str) -> None:
    path = {"archive_takedown": "/takedowns", "archive_tally": "/"}.get(table, f"/view/{ABSENT}")
    with missing_table(table):
        answer = client.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


def test_a_form_without_its_csrf_token_gets_our_error_page() -> None:
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"})
    assert answer.status_code == 403
    assert b"came from elsewhere" in answer.content
