"""POST to /api/v1/torrents: torrents as a body or in a form, and who may store."""

import gzip
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from archive.access import api_keys
from archive.takedowns.takedown import take_down
from archive.torrents.count import count_torrents
from tests import make
from tests.api.test_rest import HYBRID, TORRENTS, V1, V2, get, post_torrent, read_problem

pytestmark = pytest.mark.django_db


def post_form(client: Client, *torrents: bytes, **headers: str) -> Any:
    files = [SimpleUploadedFile(f"{n}.torrent", torrent) for n, torrent in enumerate(torrents)]
    return client.post(TORRENTS, {"torrent": files}, headers=headers)


def test_a_torrent_as_the_body_is_201_the_first_time_and_200_later(client: Client) -> None:
    new, again = post_torrent(client, HYBRID), post_torrent(client, HYBRID)
    assert (new.status_code, again.status_code) == (201, 200)
    assert (new.json()["new"], again.json()["new"]) == (True, False)
    assert new.json()["infohash"] == make.v1_hash(HYBRID)
    assert get(client, new["Location"])["v2"] == make.v2_hash(HYBRID)
    assert client.get(new.json()["torrent"]).content == HYBRID


def test_a_compressed_torrent_is_decompressed(client: Client) -> None:
    assert post_torrent(client, gzip.compress(V1)).json()["infohash"] == make.v1_hash(V1)


@pytest.mark.parametrize(
    ("torrent", "status", "word"),
    [(b"", 422, "empty-torrent"), (b"<html>", 422, "not-a-torrent"), (V1[:-9], 422, "truncated")],
)
def test_a_body_that_is_no_torrent_is_a_problem(
    client: Client, torrent: bytes, status: int, word: str
) -> None:
    read_problem(post_torrent(client, torrent), status, word)
    assert count_torrents() == 0


def test_a_private_a_large_and_a_blocked_torrent_are_problems(client: Client, settings: Settings) -> None:
    take_down(make.infohashes(V2)[1], "Court order")
    read_problem(post_torrent(client, make.v1(private=1)), 422, "private-torrent")
    refused = post_torrent(client, V2)
    assert "Court order" in read_problem(refused, 451, "taken-down")["detail"]
    assert refused["Link"] == '<http://testserver/takedowns>; rel="blocked-by"'
    settings.MAX_TORRENT_BYTES = len(V1) - 1
    read_problem(post_torrent(client, V1), 413, "too-large")


def test_a_form_answers_with_an_outcome_for_each_file(client: Client) -> None:
    answer = post_form(client, V1, b"junk", HYBRID, V1)
    assert answer.status_code == 207
    first, junk, third, again = answer.json()["results"]
    assert (first["filename"], first["receipt"]["infohash"]) == ("0.torrent", make.v1_hash(V1))
    assert (junk["filename"], junk["problem"]["status"]) == ("1.torrent", 422)
    assert third["receipt"]["new"] and again["receipt"]["infohash"] == make.v1_hash(V1)
    assert count_torrents() == 2


def test_a_form_with_more_bytes_than_one_transaction_takes_is_stored_whole(client: Client) -> None:
    torrents = [make.v1(b"%d" % n, 2_000_000_000) for n in range(8)]
    assert sum(map(len, torrents)) > 18_000_000
    results = post_form(client, *torrents).json()["results"]
    assert [result["receipt"]["infohash"] for result in results] == [make.v1_hash(one) for one in torrents]


def test_a_form_without_a_file_or_with_too_many_is_a_problem(client: Client) -> None:
    read_problem(client.post(TORRENTS, {"other": "x"}), 400, "parse-error")
    read_problem(post_form(client, *[b"x"] * 101), 400, "too-many-files-sent")


def test_with_uploads_for_keys_storing_needs_a_key_and_reading_does_not(
    client: Client, settings: Settings
) -> None:
    settings.UPLOADS = "keys"
    key, text = api_keys.issue_key("Anna")
    for refused in (post_torrent(client, V1), post_form(client, V1)):
        read_problem(refused, 401, "no-key")
        assert refused["WWW-Authenticate"] == "Bearer"
    assert post_torrent(client, V1, authorization=f"Bearer {text}").status_code == 201
    assert post_form(client, V2, **{"x-api-key": text}).status_code == 207
    assert get(client, "stats") == {"torrents": 2, "v1": 1, "v2": 1, "hybrid": 0}
    api_keys.suspend_key(key.prefix)
    read_problem(post_torrent(client, HYBRID, authorization=f"Bearer {text}"), 403, "suspended-key")
