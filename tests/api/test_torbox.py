"""TorBox's dialect without a torrent client: accounts and their torrents."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import bencodepy
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from archive.access.key_torrents import add_key_torrent
from archive.torrents.deposit import deposit
from metainfo.magnet import Magnet
from tests import make
from tests.torbox_account import BASE, HASH, MAGNET, TORRENT, Account, error_of, success_data

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_a_torrent_is_archived_and_shown_as_cached(anna: Account) -> None:
    made = anna.send(TORRENT)
    assert (made["hash"], type(made["torrent_id"]), len(made["auth_id"])) == (HASH, int, 36)
    [row] = anna.list()
    assert (row["id"], row["hash"], row["name"], row["size"]) == (made["torrent_id"], HASH, "a film.mkv", 5)
    assert (row["download_state"], row["progress"], row["download_finished"]) == ("cached", 1, True)
    assert row["download_present"] is False  # there is nothing to fetch
    assert [(file["id"], file["name"], file["mimetype"]) for file in row["files"]] == [
        (0, "a film.mkv", "video/x-matroska")
    ]
    assert None not in row.values()
    assert anna.list(id=made["torrent_id"])["id"] == made["torrent_id"]


def test_a_held_torrent_is_found_by_its_magnet_link(anna: Account) -> None:
    deposit(TORRENT)
    answer = anna("post", "createtorrent", {"magnet": MAGNET, "name": "mine"}).json()
    assert answer["detail"] == "Found Cached Torrent. Using Cached Torrent."
    assert anna.list(id=answer["data"]["torrent_id"])["name"] == "mine"


def test_the_same_torrent_again_has_the_same_id(anna: Account) -> None:
    hybrid = make.hybrid()
    v1, v2 = (infohash.hex() for infohash in make.infohashes(hybrid))
    first = anna.send(hybrid)
    for link in (f"urn:btih:{v1}", f"urn:btmh:1220{v2}", f"urn:btih:{v2[:40]}"):
        assert anna.create(magnet=f"magnet:?xt={link}") == first
    assert anna.send(hybrid) == first
    assert len(anna.list()) == 1
    assert anna.list()[0]["alternative_hashes"] == [v2]


def test_no_key_sees_anothers_torrents(anna: Account) -> None:
    bob = Account("Bob")
    id_ = anna.send(TORRENT)["torrent_id"]
    assert bob.list() == []
    for answer in (
        bob("get", "mylist", {"id": id_}),
        bob("get", "exportdata", {"torrent_id": id_, "type": "magnet"}),
        bob("get", "exportdata", {"torrent_id": id_, "type": "file"}),
        bob.does(torrent_id=id_, operation="delete"),
        bob(
            "put",
            "edittorrent",
            json.dumps({"torrent_id": id_, "name": "x"}),
            content_type="application/json",
        ),
        bob("delete", f"controltorrent/{id_}"),
    ):
        assert error_of(answer) == (404, "ITEM_NOT_FOUND")
    success_data(bob.does(all=True, operation="delete"))
    assert [row["id"] for row in anna.list()] == [id_]
    assert bob.send(TORRENT)["auth_id"] != anna.send(TORRENT)["auth_id"]


@pytest.mark.parametrize("way", ["torrent_id", "text", "twice", "form", "delete", "all"])
def test_a_torrent_that_is_deleted_stays_in_the_archive(anna: Account, way: str) -> None:
    id_ = anna.send(TORRENT)["torrent_id"]
    asked = {"torrent_id": id_, "operation": "delete"}
    answers = {
        "torrent_id": lambda: anna.does(**asked),
        "text": lambda: anna.does(torrent_id=str(id_), operation="Delete"),
        "twice": lambda: anna(
            "post", "controltorrent", json.dumps(json.dumps(asked)), content_type="application/json"
        ),
        "form": lambda: anna("post", "controltorrent", asked),
        "delete": lambda: anna(
            "delete",
            f"controltorrent/{id_}",
            json.dumps({"action": "Delete"}),
            content_type="application/json",
        ),
        "all": lambda: anna.does(all=True, operation="delete"),
    }
    success_data(answers[way]())
    assert anna.list() == []
    assert success_data(anna("get", "checkcached", {"hash": HASH}))[HASH]["name"] == "a film.mkv"
    if way != "all":
        assert error_of(answers[way]()) == (404, "ITEM_NOT_FOUND")


def test_very_many_torrents_are_deleted_at_once(
    anna: Account, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(1_200):
        add_key_torrent(anna.key, Magnet(hashlib.sha1(b"%d" % n).digest()))
    with django_assert_max_num_queries(40):
        success_data(anna.does(all=True, operation="delete"))
    assert anna.list() == []


def test_mylist_has_offset_and_limit(anna: Account) -> None:
    ids = [anna.send(make.v1(f"{n}".encode()))["torrent_id"] for n in range(5)]
    assert [row["id"] for row in anna.list(offset=1, limit=2)] == ids[1:3]
    assert [row["id"] for row in anna.list(offset=4)] == ids[4:]
    assert anna.list(offset=5, bypass_cache="True") == []
    for wrong in ({"offset": "-1"}, {"limit": "x"}, {"id": "1.5"}, {"offset": "9" * 30}):
        assert error_of(anna("get", "mylist", wrong)) == (400, "INVALID_OPTION")


def test_without_a_client_pausing_is_refused(anna: Account) -> None:
    id_ = anna.send(TORRENT)["torrent_id"]
    success_data(anna.does(torrent_id=id_, operation="reannounce"))
    for operation in ("pause", "resume", "stop_seeding", "dance", ""):
        assert error_of(anna.does(torrent_id=id_, operation=operation)) == (400, "INVALID_OPTION")
    assert error_of(anna.does(operation="delete")) == (400, "MISSING_REQUIRED_OPTION")


def test_the_refusal_of_an_unknown_operation_lists_the_known_ones(anna: Account) -> None:
    detail = anna.does(torrent_id=1, operation="dance").json()["detail"]
    table = Path("docs/torbox.md").read_text().split("| `controltorrent` | ")[1].split(";")[0]
    assert set(re.findall(r"'(\w+)'", detail)) == set(re.findall(r"`(\w+)`", table))


def test_a_torrent_can_be_renamed(anna: Account) -> None:
    id_ = anna.send(TORRENT)["torrent_id"]

    def edit(**asked: Any) -> Any:
        return anna("put", "edittorrent", json.dumps(asked), content_type="application/json")

    success_data(edit(torrent_id=id_, name="Ünother"))
    assert anna.list(id=id_)["name"] == "Ünother"
    assert error_of(edit(torrent_id=id_, name="Ünother")) == (400, "NO_CHANGES")
    assert error_of(edit(torrent_id=id_, name="")) == (400, "NAME_TOO_SHORT")
    assert error_of(edit(torrent_id=id_, name="x" * 300)) == (400, "NAME_TOO_LONG")


def test_a_torrent_is_exported_as_it_was_deposited(anna: Account) -> None:
    id_ = anna.send(TORRENT)["torrent_id"]
    file = anna("get", "exportdata", {"torrent_id": id_, "type": "file"})
    assert (file.content, file["Content-Type"]) == (TORRENT, "application/x-bittorrent")
    link = success_data(anna("get", "exportdata", {"torrent_id": id_, "type": "magnet"}))
    assert link == f"{MAGNET}&dn=a%20film.mkv&tr=http%3A%2F%2Ftracker.example%2Fannounce"
    assert error_of(anna("get", "exportdata", {"torrent_id": id_, "type": "x"})) == (400, "INVALID_OPTION")


@pytest.mark.parametrize("how", ["hash", "magnet", "file", "posted hash", "posted magnet"])
def test_torrentinfo_needs_no_key(client: Client, how: str) -> None:
    if how != "file":
        deposit(TORRENT)
    answer = {
        "hash": lambda: client.get(f"{BASE}torrentinfo", {"hash": HASH.upper(), "timeout": "1"}),
        "magnet": lambda: client.get(f"{BASE}torrentinfo", {"magnet": MAGNET}),
        "file": lambda: client.post(f"{BASE}torrentinfo", {"file": SimpleUploadedFile("a", TORRENT)}),
        "posted hash": lambda: client.post(f"{BASE}torrentinfo", {"hash": HASH, "magnet": "nonsense"}),
        "posted magnet": lambda: client.post(f"{BASE}torrentinfo?timeout=1", {"magnet": MAGNET}),
    }[how]()
    assert success_data(answer) == {
        "name": "a film.mkv",
        "hash": HASH,
        "size": 5,
        "trackers": ["http://tracker.example/announce"],
        "files": [{"name": "a film.mkv", "size": 5}],
    }


def test_torrentinfo_does_not_store_the_file(client: Client, anna: Account) -> None:
    success_data(client.post(f"{BASE}torrentinfo", {"file": SimpleUploadedFile("a", TORRENT)}))
    assert success_data(anna("get", "checkcached", {"hash": HASH})) is None


def test_a_magnet_link_becomes_a_file(client: Client) -> None:
    deposit(TORRENT)
    asked = json.dumps({"magnet": MAGNET})
    assert client.post(f"{BASE}magnettofile", asked, content_type="application/json").content == TORRENT
    empty = client.post(f"{BASE}magnettofile", "{}", content_type="application/json")
    assert error_of(empty) == (400, "MISSING_REQUIRED_OPTION")


def test_user_me_describes_the_account(anna: Account) -> None:
    account = success_data(anna("get", "/v1/api/user/me"))
    assert (account["plan"], account["is_subscribed"], account["id"]) == (2, True, anna.key.id)
    assert account["email"].startswith(anna.key.prefix)
    assert anna.text not in json.dumps(account)
    assert success_data(anna("get", "/v1/api/queued/getqueued?type=torrent")) == []
    assert success_data(anna("get", "getqueued")) == success_data(anna("get", "/v1/api/usenet/mylist")) == []
    answer = anna("post", "controlqueued", "{}", content_type="application/json")
    assert error_of(answer) == (404, "ITEM_NOT_FOUND")


@pytest.mark.parametrize("kind", ["usenet", "webdl"])
@pytest.mark.parametrize("format_", ["object", "list"])
def test_other_kinds_than_torrents_are_never_cached(anna: Account, kind: str, format_: str) -> None:
    """Judge: StremThru, which posts to usenet/checkcached; TorBox answers GET and POST alike."""
    path = f"/v1/api/{kind}/checkcached?format={format_}"
    expected: list[Any] | None = [] if format_ == "list" else None
    body = json.dumps({"hashes": ["0" * 32]})
    assert success_data(anna("post", path, body, content_type="application/json")) == expected
    assert success_data(anna("get", f"{path}&hash={'0' * 32}")) == expected


@pytest.mark.parametrize(
    ("method", "path", "error"),
    [
        ("get", "usenet/requestdl?usenet_id=1", (404, "ITEM_NOT_FOUND")),
        ("post", "webdl/controlwebdownload", (404, "ITEM_NOT_FOUND")),
        ("post", "usenet/createusenetdownload", (403, "PLAN_RESTRICTED_FEATURE")),
        ("post", "webdl/asynccreatewebdownload", (403, "PLAN_RESTRICTED_FEATURE")),
    ],
)
def test_what_user_me_says_is_there_answers_in_the_envelope(
    anna: Account, method: str, path: str, error: tuple[int, str]
) -> None:
    assert error_of(anna(method, f"/v1/api/{path}")) == error


def test_pages_of_other_sites_may_use_the_torbox_api(client: Client) -> None:
    answer = client.options(f"{BASE}mylist", headers={"Access-Control-Request-Headers": "authorization"})
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (204, "*")
    assert "Authorization" in answer["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 9_000, "\u202e'\"<>", 5, 1.5])
def test_a_name_of_any_length_is_stored_or_refused(anna: Account, name: Any) -> None:
    deposit(TORRENT)
    asked = json.dumps({"magnet": MAGNET, "name": name})
    id_ = success_data(anna("post", "createtorrent", asked, content_type="application/json"))["torrent_id"]
    assert len(anna.list(id=id_)["name"]) in (1, 3, 5, 255)
    edit = json.dumps({"torrent_id": id_, "name": f"{name}!"})
    assert anna("put", "edittorrent", edit, content_type="application/json").status_code in (200, 400)


@pytest.mark.parametrize("id_", ["0", "-1", "9" * 18, "9" * 19, "1e3", "٣", "", None, True, [1], {"a": 1}])
def test_a_malformed_torrent_id_is_refused(anna: Account, id_: Any) -> None:
    for method, path in (("post", "controltorrent"), ("put", "edittorrent")):
        asked = json.dumps({"torrent_id": id_, "operation": "delete", "name": "x"})
        assert error_of(anna(method, path, asked, content_type="application/json"))[0] in (400, 404)


def test_a_name_may_have_any_character(anna: Account) -> None:
    odd = bencodepy.encode(
        {"info": {"length": 1, "name": b'\xff\x00\n"', "piece length": 16_384, "pieces": bytes(20)}}
    )
    id_ = anna.send(odd)["torrent_id"]
    assert anna.list(id=id_)["files"][0]["id"] == 0
