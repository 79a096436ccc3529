"""TorBox's dialect with a real qBittorrent, and with clients that fail."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from pytest_django import Settings

from api.torbox import stall
from archive.access import api_keys
from archive.torrents.deposit import deposit
from clients import ClientAddress
from tests import make
from tests.client_operations import client_address, poll_until
from tests.servers import free_port
from tests.servers.misbehaving_server import (
    Behaviour,
    answer_with,
    answer_without_http,
    close_without_answer,
    misbehaving_server,
    never_answer,
)
from tests.servers.network_namespace import network_namespace
from tests.servers.qbittorrent import Qbittorrent, qbittorrent
from tests.torbox_account import HASH, TORRENT, Account, error_of, success_data

pytestmark = pytest.mark.django_db

PASSWORD = "Pa55/word, spoken"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Qbittorrent]:
    with network_namespace(), qbittorrent(tmp_path_factory.mktemp("q"), "5.1") as running:
        yield running


@pytest.fixture(autouse=True)
def configured_client(daemon: Qbittorrent, settings: Settings) -> Iterator[None]:
    settings.CLIENTS = {"home": client_address(daemon)}
    yield
    for row in daemon.torrents():
        daemon.post("torrents/delete", hashes=row["hash"], deleteFiles="true")
    poll_until(lambda: not daemon.torrents())


@pytest.fixture
def anna() -> Account:
    return Account("Anna", client="home")


def hashes(daemon: Qbittorrent) -> list[str]:
    return [row["infohash_v1"] for row in daemon.torrents()]


def test_a_torrent_is_added_to_the_client_and_shown_with_its_state(
    anna: Account, daemon: Qbittorrent
) -> None:
    id_ = anna.send(TORRENT)["torrent_id"]
    assert hashes(daemon) == [HASH]
    poll_until(lambda: anna.list(id=id_)["download_state"] == "downloading")
    row = anna.list(id=id_)
    assert (row["active"], row["progress"], row["download_finished"], row["eta"]) == (
        True,
        0,
        False,
        8_640_000,
    )
    assert (row["seeds"], row["peers"], row["download_speed"], row["torrent_file"]) == (0, 0, 0, True)
    assert None not in row.values()
    success_data(anna.does(torrent_id=id_, operation="pause"))
    poll_until(lambda: anna.list()[0]["download_state"] == "paused")
    assert anna.list()[0]["active"] is False
    success_data(anna.does(torrent_id=id_, operation="resume"))
    poll_until(lambda: anna.list()[0]["download_state"] == "downloading")
    success_data(anna.does(torrent_id=id_, operation="reannounce"))
    success_data(anna.does(torrent_id=id_, operation="stop_seeding"))


def test_a_torrent_counts_as_stalled_after_five_minutes_without_progress(
    anna: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judge: Decypharr, which deletes a torrent that is stalled (its calls in tests/wire/torbox.json)."""
    assert timedelta(minutes=5) == stall.STALLED_AFTER
    id_ = anna.send(TORRENT)["torrent_id"]

    def watch_states(seconds: float) -> set[str]:
        end, states = time.monotonic() + seconds, set()
        while time.monotonic() < end:
            states.add(anna.list(id=id_)["download_state"])
            time.sleep(0.2)
        return states - {"checkingResumeData"}

    assert watch_states(2) == {"downloading"}
    monkeypatch.setattr(stall, "STALLED_AFTER", timedelta(seconds=2))
    poll_until(lambda: anna.list()[0]["download_state"] == "stalled (no seeds)")
    success_data(anna.does(torrent_id=id_, operation="reannounce"))
    assert anna.list()[0]["download_state"] == "downloading"
    poll_until(lambda: anna.list()[0]["download_state"] == "stalled (no seeds)")
    success_data(anna.does(torrent_id=id_, operation="pause"))
    poll_until(lambda: anna.list()[0]["download_state"] == "paused")
    success_data(anna.does(torrent_id=id_, operation="resume"))
    poll_until(lambda: anna.list()[0]["download_state"] != "paused")
    assert anna.list()[0]["download_state"] in ("downloading", "checkingResumeData")
    poll_until(lambda: anna.list()[0]["download_state"] == "stalled (no seeds)")


def test_a_link_adds_exactly_one_torrent_to_the_client(anna: Account, daemon: Qbittorrent) -> None:
    """qBittorrent takes each line for a link of its own, and the zone of an IPv6 address may be any text."""
    zoned = quote(f"[2606:4700::1%\nmagnet:?xt=urn:btih:{'5b' * 20}&x=]:6881", safe="")
    link = f"magnet:?xt=urn:btih:{'5a' * 20}&x.pe={zoned}&x.pe=44.9.9.9:1"
    success_data(anna("post", "asynccreatetorrent", {"magnet": link}))
    poll_until(lambda: anna.list()[0]["download_state"] == "metaDL")
    assert hashes(daemon) == ["5a" * 20]


def test_a_magnet_link_that_cannot_be_resolved_waits_in_the_client(
    anna: Account, daemon: Qbittorrent
) -> None:
    link = f"magnet:?xt=urn:btih:{'5a' * 20}&dn=some+film&tr=http://127.0.0.1:9/announce&x.pe=44.9.9.9:1"
    for path in ("asynccreatetorrent", "createtorrent"):
        answer = anna("post", path, {"magnet": link})
        assert success_data(answer)["hash"] == "5a" * 20
    poll_until(lambda: anna.list()[0]["download_state"] == "metaDL")
    [row] = anna.list()
    assert (row["progress"], row["size"]) == (0, 0)
    assert (row["name"], row["files"], row["torrent_file"]) == ("some film", [], False)
    assert hashes(daemon) == ["5a" * 20]
    answer = anna("get", "exportdata", {"torrent_id": row["id"], "type": "file"})
    assert error_of(answer) == (404, "ITEM_NOT_FOUND")


def test_a_line_break_in_a_magnet_link_adds_no_second_torrent(anna: Account, daemon: Qbittorrent) -> None:
    sly = f"magnet:?xt=urn:btih:{'5b' * 20}&dn=a\nmagnet:?xt=urn:btih:{'5c' * 20}"
    anna.create(magnet=sly)
    anna.create(magnet=f"magnet:?xt=urn:btih:{'5d' * 20}&dn=a%0Amagnet:?xt=urn:btih:{'5e' * 20}")
    assert set(hashes(daemon)) == {"5b" * 20, "5d" * 20}


def test_trackers_of_the_link_are_added_in_the_client(anna: Account, daemon: Qbittorrent) -> None:
    deposit(TORRENT)
    anna.create(magnet=f"magnet:?xt=urn:btih:{HASH}&tr=http://127.0.0.1:9/announce")
    rows = daemon.get(f"torrents/trackers?hash={HASH}").json()
    assert {"http://127.0.0.1:9/announce", make.TRACKER.decode()} <= {row["url"] for row in rows}


def test_a_shared_torrent_is_removed_with_its_last_account(anna: Account, daemon: Qbittorrent) -> None:
    bob = Account("Bob", client="home")
    for order in ((anna, bob), (bob, anna)):
        ids = {who: who.send(TORRENT)["torrent_id"] for who in (anna, bob)}
        success_data(order[0].does(torrent_id=ids[order[0]], operation="delete"))
        assert (order[0].list(), hashes(daemon)) == ([], [HASH])
        success_data(order[1].does(torrent_id=ids[order[1]], operation="delete"))
        assert hashes(daemon) == []


def test_a_torrent_that_the_client_had_before_stays_there(anna: Account, daemon: Qbittorrent) -> None:
    daemon.post("torrents/add", urls=f"magnet:?xt=urn:btih:{HASH}")
    poll_until(lambda: hashes(daemon) == [HASH])
    id_ = anna.send(TORRENT)["torrent_id"]
    success_data(anna.does(torrent_id=id_, operation="delete"))
    assert (anna.list(), hashes(daemon)) == ([], [HASH])


def test_a_torrent_removed_from_the_client_is_missing_until_it_is_added_again(
    anna: Account, daemon: Qbittorrent
) -> None:
    id_ = anna.send(TORRENT)["torrent_id"]
    daemon.post("torrents/delete", hashes=HASH, deleteFiles="false")
    poll_until(lambda: not hashes(daemon))
    row = anna.list(id=id_)
    assert (row["download_state"], row["active"], row["download_finished"]) == ("missing", False, False)
    assert error_of(anna.does(torrent_id=id_, operation="pause")) == (404, "ITEM_NOT_FOUND")
    success_data(anna.does(all=True, operation="pause"))
    assert anna.send(TORRENT)["torrent_id"] == id_
    assert hashes(daemon) == [HASH]
    daemon.post("torrents/delete", hashes=HASH, deleteFiles="false")
    success_data(anna.does(torrent_id=id_, operation="delete"))
    assert anna.list() == []


def test_a_hybrid_and_a_v2_torrent_are_known_by_every_infohash(anna: Account, daemon: Qbittorrent) -> None:
    for torrent in (make.hybrid(b"h"), make.v2(b"v")):
        id_ = anna.send(torrent)["torrent_id"]
        assert anna.list(id=id_)["download_state"] != "missing"
    assert "missing" not in [row["download_state"] for row in anna.list()]
    success_data(anna.does(all=True, operation="delete"))
    assert daemon.torrents() == []


def client_at(port: int) -> ClientAddress:
    return ClientAddress("qbittorrent", False, "127.0.0.1", port, "/", "me", PASSWORD)


def call_every_method(account: Account, id_: int) -> list[tuple[int, str | bool]]:
    """Every method that needs the client."""
    answers: list[Any] = [
        account("get", "mylist"),
        account("get", "mylist", {"id": id_}),
        account("post", "createtorrent", {"magnet": f"magnet:?xt=urn:btih:{HASH}"}),
        *(account.does(torrent_id=id_, operation=operation) for operation in ("pause", "delete")),
        account.does(all=True, operation="resume"),
    ]
    for answer in answers:
        assert "Pa55" not in json.dumps(answer.json())
        assert "spoken" not in answer.json()["detail"]
    return list(map(error_of, answers))


@pytest.mark.parametrize(
    "manner",
    [close_without_answer, answer_without_http, answer_with(b"<html>It works!</html>"), answer_with(b"[{}]")],
)
def test_a_client_with_garbled_answers_is_an_error_and_loses_nothing(
    anna: Account, settings: Settings, daemon: Qbittorrent, manner: Behaviour
) -> None:
    id_ = anna.send(TORRENT)["torrent_id"]
    with misbehaving_server(manner) as port:
        settings.CLIENTS = {"home": client_at(port)}
        assert set(call_every_method(anna, id_)) == {(502, "DOWNLOAD_SERVER_ERROR")}
    settings.CLIENTS = {"home": client_address(daemon)}
    assert [row["id"] for row in anna.list()] == [id_]


def test_a_client_that_is_down_or_not_configured_is_an_error(anna: Account, settings: Settings) -> None:
    id_ = anna.send(TORRENT)["torrent_id"]
    for clients in ({"home": client_at(free_port())}, {}):
        settings.CLIENTS = clients
        assert set(call_every_method(anna, id_)) == {(502, "DOWNLOAD_SERVER_ERROR")}
        # What was archived stays archived.
        other = make.v1(b"other")
        answer = anna("post", "createtorrent", other, content_type="application/octet-stream")
        assert answer.status_code == 400
        assert success_data(anna("get", "checkcached", {"hash": HASH}))


def test_a_client_with_another_password_is_an_error(
    anna: Account, settings: Settings, daemon: Qbittorrent
) -> None:
    id_ = anna.send(TORRENT)["torrent_id"]
    settings.CLIENTS = {"home": client_at(daemon.web)}
    answer = anna("get", "mylist", {"id": id_})
    assert error_of(answer) == (502, "DOWNLOAD_SERVER_ERROR")
    assert "does not accept this user and password" in answer.json()["detail"]
    assert "Pa55" not in answer.content.decode()


def test_a_client_that_never_answers_is_a_timeout(anna: Account, settings: Settings) -> None:
    with misbehaving_server(never_answer) as port:
        settings.CLIENTS = {"home": client_at(port)}
        answer = anna("post", "createtorrent", {"magnet": f"magnet:?xt=urn:btih:{'5f' * 20}"})
    assert error_of(answer) == (504, "DOWNLOAD_SERVER_ERROR")
    settings.CLIENTS = {}
    assert anna.list() == []


def test_a_suspended_key_does_not_reach_its_client(anna: Account, daemon: Qbittorrent) -> None:
    id_ = anna.send(TORRENT)["torrent_id"]
    api_keys.suspend_key(anna.key.prefix)
    assert error_of(anna.does(torrent_id=id_, operation="delete")) == (403, "AUTH_ERROR")
    assert hashes(daemon) == [HASH]
