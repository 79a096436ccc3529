"""TorBox's dialect and the network: a Hashkeep with its resolver, on an Internet of our own."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.api.test_hash2torrent import WAIT, seed_many, settings, wait_until
from tests.servers.hashkeep import Hashkeep, hashkeep
from tests.servers.libtorrent_peers import Address, Peer
from tests.servers.network_namespace import network_namespace

SEEDER: Address = ("44.1.0.1", 6881)
HINT = "x.pe={}:{}".format(*SEEDER)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hashkeep]:
    folder = tmp_path_factory.mktemp("archive")
    with network_namespace(), hashkeep(folder, **settings(RESOLVE_TIMEOUT=WAIT)) as running:
        yield running


@pytest.fixture(scope="module")
def seeder(archive: Hashkeep) -> Peer:
    return Peer(SEEDER)


@pytest.fixture(scope="module")
def key(archive: Hashkeep) -> str:
    return archive.manage("keys", "issue", "Anna").stdout.split()[-1]


def call_method(archive: Hashkeep, key: str, method: str, path: str, **how: Any) -> Any:
    url = f"{archive.url}/v1/api/torrents/{path}"
    return requests.request(method, url, headers={"Authorization": f"Bearer {key}"}, timeout=WAIT + 30, **how)


def find_row(archive: Hashkeep, key: str, id_: int) -> Any:
    return call_method(archive, key, "GET", f"mylist?id={id_}").json()["data"]


def test_a_magnet_link_is_resolved_and_archived(archive: Hashkeep, key: str, seeder: Peer) -> None:
    [infohash] = seed_many(seeder, "found", 1)
    link = {"magnet": f"magnet:?xt=urn:btih:{infohash}&{HINT}"}
    answer = call_method(archive, key, "POST", "createtorrent", data=link).json()
    assert answer["detail"] == "Torrent created successfully."
    found = find_row(archive, key, answer["data"]["torrent_id"])
    assert (found["download_state"], found["name"], found["torrent_file"]) == ("cached", "found 0", True)
    assert list(archive.torrents.rglob(f"{infohash}.torrent"))


def test_asynccreatetorrent_fetches_the_torrent_later(archive: Hashkeep, key: str, seeder: Peer) -> None:
    [infohash] = seed_many(seeder, "later", 1)
    link = {"magnet": f"magnet:?xt=urn:btih:{infohash}&{HINT}"}
    id_ = call_method(archive, key, "POST", "asynccreatetorrent", data=link).json()["data"]["torrent_id"]
    assert wait_until(lambda: find_row(archive, key, id_)["download_state"] == "cached")
    assert find_row(archive, key, id_)["files"][0]["name"] == "later 0"


def test_a_torrent_without_peers_stays_wanted(archive: Hashkeep, key: str) -> None:
    link = {"magnet": f"magnet:?xt=urn:btih:{'5a' * 20}&x.pe=44.9.9.9:1"}
    id_ = call_method(archive, key, "POST", "asynccreatetorrent", data=link).json()["data"]["torrent_id"]
    found = find_row(archive, key, id_)
    assert (found["download_state"], found["progress"], found["torrent_file"]) == ("metaDL", 0, False)
    assert (found["name"], found["files"], None in found.values()) == ("5a" * 20, [], False)
    control = {"torrent_id": id_, "operation": "reannounce"}
    assert call_method(archive, key, "POST", "controltorrent", json=control).json()["success"] is True
    assert call_method(archive, key, "GET", f"exportdata?torrent_id={id_}&type=file").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "how"),
    [
        ("GET", "torrentinfo?hash={0}&timeout=1", {}),
        ("POST", "torrentinfo", {"data": {"magnet": "magnet:?xt=urn:btih:{0}", "timeout": "1"}}),
    ],
)
def test_torrentinfo_waits_no_longer_than_its_timeout(
    archive: Hashkeep, method: str, path: str, how: Any
) -> None:
    dead = "5b" * 20
    began = time.monotonic()
    filled = {name: {key: value.format(dead) for key, value in form.items()} for name, form in how.items()}
    answer = call_method(archive, "nonsense", method, path.format(dead), **filled)
    assert 1 <= time.monotonic() - began < WAIT / 2
    assert (answer.status_code, answer.json()["error"]) == (404, "ITEM_NOT_FOUND")
    assert int(answer.headers["Retry-After"]) > 0


def test_torrentinfo_fetches_a_torrent_that_is_not_held(archive: Hashkeep, seeder: Peer) -> None:
    [infohash] = seed_many(seeder, "described", 1)
    form = {"magnet": f"magnet:?xt=urn:btih:{infohash}&{HINT}", "timeout": str(WAIT)}
    info = call_method(archive, "", "POST", "torrentinfo", data=form).json()["data"]
    assert (info["name"], info["hash"], info["size"]) == ("described 0", infohash.lower(), 20_000)
