"""Errors of the Torrent API: its codes, for whatever is wrong with a request."""

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from archive.access import api_keys
from archive.models import Wanted
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from tests import make
from tests.api.test_torrent_api import add_torrent, get, store_torrent
from tests.missing_table import missing_table

pytestmark = pytest.mark.django_db

INFO = f"/torrent/info/{'ab' * 20}"


def read_error(client: Client, path: str, code: str, **parameters: str) -> str:
    answer = get(client, path, **parameters)
    assert list(answer) == ["error", "message"]
    assert answer["error"] == code
    return str(answer["message"])


@pytest.mark.parametrize("parameters", [{}, {"key": "nonsense"}, {"key": "hk_00000000_x"}])
def test_an_unknown_key_is_an_error(client: Client, parameters: dict[str, str]) -> None:
    read_error(client, INFO, "API_KEY_UNKNOWN", **parameters)


def test_a_key_may_be_in_the_headers_too(client: Client, key: str) -> None:
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-Api-Key": key}):
        assert client.get(INFO, headers=headers).json()["error"] == "INFOHASH_NOT_FOUND"
    read_error(client, INFO, "INFOHASH_NOT_FOUND", apikey=key)


def test_a_suspended_key_is_an_error(client: Client, key: str) -> None:
    api_keys.suspend_key(key)
    read_error(client, INFO, "API_KEY_SUSPENDED", key=key)


def test_with_listing_off_the_list_of_a_film_is_an_error(
    client: Client, key: str, settings: Settings
) -> None:
    settings.LISTING = False
    read_error(client, "/torrent/list/imdb/tt2250912", "ACCESS_FORBIDDEN", key=key)


def test_too_many_requests_in_a_minute_are_an_error(client: Client, key: str, settings: Settings) -> None:
    settings.RATE_KEY = 1
    cache.clear()
    answer = [
        client.get(INFO, {"key": key}).json()["error"] for _ in range(4)
    ]  # even if a minute ends meanwhile
    assert "TOO_MANY_REQUESTS" in answer


@pytest.mark.parametrize("imdb", ["2250912", "tt12", "tt" + "1" * 30, "ttABCDEFG", "tt١٢٣٤٥٦٧"])
def test_a_wrong_imdb_id_is_an_error(client: Client, key: str, imdb: str) -> None:
    read_error(client, f"/torrent/list/imdb/{imdb}", "INVALID_IMDB", key=key)


def test_a_wrong_infohash_is_an_error(client: Client, key: str) -> None:
    read_error(client, "/torrent/info/nonsense", "INVALID_INFOHASH", key=key)
    read_error(client, "/torrent/peers/nonsense", "INVALID_INFOHASH", key=key)
    assert add_torrent(client, key=key, infohash="")["error"] == "INVALID_INFOHASH"


def test_an_unknown_torrent_is_an_error(client: Client, key: str) -> None:
    read_error(client, INFO, "INFOHASH_NOT_FOUND", key=key)
    read_error(client, INFO.replace("info", "peers"), "INFOHASH_NOT_FOUND", key=key)


def test_a_torrent_that_is_taken_down_is_neither_found_nor_fetched(client: Client, key: str) -> None:
    take_down(b"\xab" * 20, "Court order")
    assert "Court order" in read_error(client, INFO, "INFOHASH_NOT_FOUND", key=key)
    assert add_torrent(client, key=key, infohash="ab" * 20)["error"] == "INFOHASH_NOT_FOUND"
    assert not Wanted.objects.exists()


@pytest.mark.parametrize("day", ["yesterday", "2017-13-01", "08.10.2017"])
def test_a_wrong_day_is_an_error(client: Client, key: str, day: str) -> None:
    read_error(client, f"/torrent/peers/{store_torrent('x', 5)}", "INVALID_DAY", key=key, day=day)


def test_a_malformed_form_is_an_error(client: Client, key: str) -> None:
    answer = client.post(f"/torrent/add?key={key}", b"{", content_type="application/json")
    assert (answer.status_code, answer.json()["error"]) == (200, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 60_000,
        b"[]",
        b'"x"',
        b"x" * 70_000,
        b'{"key": "KEY", "infohash": "'
        + b"ab" * 20
        + b'", "imdbId": "tt1234567", "title": "a\\u0000\\ud800"}',
    ],
)
def test_a_body_of_any_kind_is_answered_in_this_dialect(client: Client, key: str, body: bytes) -> None:
    body = body.replace(b"KEY", key.encode())
    answer = client.post("/torrent/add", body, content_type="application/json")
    assert (answer.status_code, list(answer.json())) == (200, ["error", "message"])


def test_another_method_or_accept_header_is_answered_in_this_dialect(client: Client, key: str) -> None:
    assert client.put(INFO).json()["error"] == "INVALID_REQUEST"
    assert client.get("/torrent/add").json()["error"] == "INVALID_REQUEST"
    answer = client.get(INFO, {"key": key}, headers={"Accept": "text/html"})
    assert answer.json()["error"] == "INFOHASH_NOT_FOUND"
    many = "&".join(["a=1"] * 2_000)
    assert client.get(f"{INFO}?key={key}&{many}").json()["error"] == "INVALID_REQUEST"


@pytest.mark.django_db(transaction=True)
def test_an_error_of_the_server_is_a_500(client: Client, key: str) -> None:
    with missing_table("archive_torrent"):
        answer = client.get(INFO, {"key": key})
    assert (answer.status_code, answer.json()["error"]) == (500, "INTERNAL_ERROR")


def test_the_caches_urls_below_torrent_still_work(client: Client) -> None:
    torrent = make.v1()
    deposit(torrent)
    assert client.get(f"/torrent/{make.v1_hash(torrent)}.torrent").content == torrent
    assert client.get(f"/torrent/{make.v1_hash(torrent)}").content == torrent


def test_times_are_in_utc_with_milliseconds(client: Client, key: str) -> None:
    infohash = store_torrent("x", 5, "2026-01-01T01:02:03.004999+01:00")
    assert get(client, f"/torrent/info/{infohash}", key=key)["dateAdded"] == "2026-01-01T00:02:03.004+0000"
