"""Mistakes and outages under /api/v1/: problem details (RFC 9457) whatever goes wrong, and CORS for reading."""

import json
import re
import time
import tracemalloc
from typing import Any

import pytest
from django.test import Client

from api.http.problem_details import refusal_types
from api.rest.openapi import build_schema
from archive import errors as archive_errors
from metainfo import errors as metainfo_errors
from tests import make
from tests.api.test_rest import API, TORRENTS, get, post_torrent, read_problem
from tests.missing_table import missing_table

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.mark.parametrize("path", ["nothing", "nothing/", "torrents/a/b/c", "%00"])
def test_an_unknown_address_is_a_problem(client: Client, path: str) -> None:
    answer = client.get(f"{API}/{path}")
    details = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert (details["status"], details["type"]) == (404, "about:blank")


@pytest.mark.parametrize("path", [API, f"{API}/"])
def test_the_root_redirects_to_the_description(client: Client, path: str) -> None:
    answer = client.get(path, follow=True)
    assert answer.redirect_chain[-1][0] == f"{API}/docs"
    assert answer.status_code == 200


def test_a_wrong_method_is_a_problem_with_the_allowed_methods(client: Client) -> None:
    for method in ("put", "patch", "delete"):
        answer = getattr(client, method)(TORRENTS)
        read_problem(answer, 405, "method-not-allowed")
        assert set(answer["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_a_wrong_media_type_is_a_problem(client: Client) -> None:
    for path in ("torrents", "check", "resolve"):
        read_problem(
            client.post(f"{API}/{path}", b"x", content_type="text/plain"), 415, "unsupported-media-type"
        )


def test_an_unacceptable_media_type_is_a_problem(client: Client) -> None:
    answer = client.get(f"{API}/stats", headers={"Accept": "image/png"})
    read_problem(answer, 406, "not-acceptable")
    assert client.get(f"{API}/stats", headers={"Accept": "text/html, */*;q=0.1"}).status_code == 200


@pytest.mark.parametrize(
    "broken",
    [b"{", b"[" * 200_000, b"\xff", b'["a"', b"", b"null", b"[1]", b"1" * 10_000, b'"a"', b"{}", b"NaN"],
)
@pytest.mark.parametrize("path", ["check", "resolve"])
def test_broken_json_is_a_problem(client: Client, path: str, broken: bytes) -> None:
    answer = client.post(f"{API}/{path}", broken, content_type=JSON)
    if path == "resolve" and broken == b"[1]":
        assert answer.status_code == 202, "a list of anything is no mistake of form"
    else:
        read_problem(answer, 400, "parse-error")


def test_a_lone_surrogate_is_answered_as_it_came(client: Client) -> None:
    answer = client.post(f"{API}/check", b'["\\ud800"]', content_type=JSON)
    assert json.loads(answer.content) == {"held": {}, "invalid": ["\ud800"]}


@pytest.mark.parametrize("item", [b"[]", b"{}", b'"a"', b"0"])
def test_the_largest_json_costs_neither_memory_nor_time(client: Client, item: bytes) -> None:
    longest = 1_590_000 // 25_000 - 1
    filled = item[:-1] + b" " * (longest - len(item)) + item[-1:] if len(item) > 1 else item
    asked = b"[" + b",".join([filled] * 25_000) + b"]"
    client.get(f"{API}/stats")
    tracemalloc.start()
    began = time.process_time()
    answer = client.post(f"{API}/check", asked, content_type=JSON)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    read_problem(answer, 400, "parse-error")
    assert peak < 50_000_000
    assert time.process_time() - began < 5, "tracemalloc alone makes it several times slower"
    for more in (asked + b" " * (1_600_001 - len(asked)), b"[" + b",".join([item] * 25_002) + b"]"):
        read_problem(client.post(f"{API}/check", more, content_type=JSON), 413, "too-large")


def test_a_broken_form_is_a_problem(client: Client) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        read_problem(client.post(TORRENTS, b"--y\r\nbroken", content_type=kind), 400, "parse-error")


def test_a_wrong_host_header_is_a_problem(client: Client) -> None:
    answer = client.get(f"{API}/stats", headers={"Host": "elsewhere.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert int(answer["Content-Length"]) == len(answer.content)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["torrents", f"torrents/{'0A' * 20}/files", "lookup?q=" + "0A" * 20])
def test_a_database_that_is_down_is_a_problem_with_retry_after(client: Client, path: str) -> None:
    with missing_table("archive_torrent"):
        answer = client.get(f"{API}/{path}")
        read_problem(answer, 503, "unavailable")
        assert int(answer["Retry-After"]) > 0
        read_problem(post_torrent(client, make.v1()), 503, "unavailable")


def test_an_unexpected_exception_is_a_problem_without_details(client: Client, settings: Any) -> None:
    settings.RATE_ADDRESS = "many"  # a server with this setting would not start
    client.raise_request_exception = False
    answer = client.get(f"{API}/stats")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert "str" not in answer.json()["detail"]


def test_every_refusal_of_the_archive_has_a_type_and_a_status() -> None:
    """Except two classes of which only subclasses are raised."""
    names = {*dir(archive_errors), *dir(metainfo_errors)}
    refusals = {name for name in names if re.match("[A-Z]", name)} - {"Refusal", "NotAuthorized", "TooMany"}
    assert {word.replace("-", "") for word in refusal_types()} == {name.lower() for name in refusals}


def test_every_problem_type_is_explained_in_the_description(client: Client) -> None:
    explained = build_schema()["components"]["schemas"]["Problem"]["description"]
    answers = (
        client.get(f"{API}/torrents/nonsense"),
        client.post(f"{API}/check", b"{", content_type=JSON),
        client.get(f"{API}/check"),
        client.get(f"{API}/clients"),
        client.put(TORRENTS),
        client.get(f"{API}/stats", headers={"Accept": "image/png"}),
        client.post(f"{API}/check", b"x", content_type="text/plain"),
    )
    for answer in answers:
        details = answer.json()
        word = details["type"].rpartition("#")[2]
        assert f"\n| `{word}` | {details['status']} |" in explained
    assert len({answer.json()["type"] for answer in answers}) == len(answers)
    assert (
        build_schema()["info"]["description"].count("|") == 0
    )  # it does not begin with the text of the exception


# CORS, as the Fetch standard has it -----------------------------------------------------------------


def test_pages_of_other_sites_may_read(client: Client) -> None:
    for path in ("stats", "nothing", "schema"):
        answer = client.get(f"{API}/{path}", headers={"Origin": "https://elsewhere.example"})
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer


def test_a_preflight_allows_reading_with_a_key_and_no_writing(client: Client) -> None:
    asked = {
        "Origin": "https://elsewhere.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    for path in ("stats", "torrents", f"torrents/{'0A' * 20}/download", "schema"):
        answer = client.options(f"{API}/{path}", headers=asked)
        assert answer.status_code == 204
        assert set(answer["Access-Control-Allow-Methods"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
        assert "authorization" in answer["Access-Control-Allow-Headers"].lower()


def test_pages_of_other_sites_may_neither_write_nor_use_other_dialects(client: Client) -> None:
    assert "Access-Control-Allow-Origin" not in client.post(TORRENTS, b"x", content_type="text/plain")
    assert "Access-Control-Allow-Origin" not in client.get("/")
    assert get(client, "stats") == {"torrents": 0, "v1": 0, "v2": 0, "hybrid": 0}
