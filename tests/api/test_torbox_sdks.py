"""TorBox's own SDKs from PyPI and npm: every method of torrents, with a real qBittorrent behind Hashkeep."""

import base64
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
from torbox_api import TorboxApi
from torbox_api.models import CreateTorrentRequest, GetTorrentInfo1Request
from torbox_api.net.transport.request_error import RequestError

from tests.servers.hashkeep import Hashkeep, hashkeep
from tests.servers.libtorrent_peers import Address, Content, Peer, create_content
from tests.servers.network_namespace import network_namespace
from tests.servers.qbittorrent import Qbittorrent, qbittorrent
from tests.servers.recording_trackers import http_tracker

SEEDER: Address = ("44.1.0.1", 6881)
TRACKER: Address = ("81.1.0.1", 6969)
ANNOUNCE = "http://{}:{}/announce".format(*TRACKER)
CLIENTS = Path(__file__).parent.parent / "clients"
ABSENT = "5A" * 20
_PATIENCE = 90  # seconds


class World(NamedTuple):
    hashkeep: Hashkeep
    daemon: Qbittorrent
    key: str
    """Bound to the daemon."""
    seeded: dict[str, Content]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("content")
    names = ("python", "python by magnet", "javascript", "javascript by magnet")
    with network_namespace(), qbittorrent(tmp_path_factory.mktemp("q"), "5.3") as daemon:
        daemon.downloads.mkdir(exist_ok=True)
        seeded = {name: create_content(folder, name, "v1", [ANNOUNCE]) for name in names}
        seeder = Peer(SEEDER)
        for each in seeded.values():
            seeder.seed(each)
        where = f"home=qbittorrent://admin:a%20password@127.0.0.1:{daemon.web}"
        with (
            http_tracker(TRACKER, {each.v1: [SEEDER] for each in seeded.values()}),
            hashkeep(
                tmp_path_factory.mktemp("archive"), CLIENTS=where, CLIENT_FILES=f"home={daemon.downloads}"
            ) as running,
        ):
            yield World(running, daemon, issue_key(running, "--client", "home"), seeded)


def issue_key(archive: Hashkeep, *options: str) -> str:
    printed = archive.manage("keys", "issue", "Anna", *options).stdout
    return next(word for word in printed.split() if word.startswith("hk_") and len(word) > 40)


def python_sdk(world: World, key: str | None = None) -> Any:
    return TorboxApi(access_token=key or world.key, base_url=world.hashkeep.url).torrents


def run_javascript(world: World, *calls: list[Any], key: str | None = None) -> list[Any]:
    """The outcome of each call: {"data"}, validated by the SDK, or {"thrown"}."""
    command = ["node", "torbox.js", world.hashkeep.url, key or world.key]
    done = subprocess.run(
        command, cwd=CLIENTS, input=json.dumps(calls), capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def wait_until(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + _PATIENCE
    while not (result := found()):
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.2)
    return result


def wait_until_finished(list_rows: Callable[[], list[Any]], id_: int) -> Any:
    """The torrent, as soon as the client has all of it."""
    return wait_until(
        lambda: next((row for row in list_rows() if row["id"] == id_ and row["download_finished"]), None)
    )


def python_rows(answer: Any) -> list[Any]:
    return [vars(row) | {"id": row.id_} for row in answer.data]


def find_in_daemon(world: World, infohash: str) -> dict[str, Any] | None:
    return next((row for row in world.daemon.torrents() if row["infohash_v1"] == infohash), None)


def download(link: str) -> bytes:
    answer = requests.get(link, timeout=60)
    answer.raise_for_status()
    return answer.content


def wait_for_state(world: World, infohash: str, state: str) -> None:
    wait_until(lambda: (find_in_daemon(world, infohash) or {}).get("state") == state)


FILES = [("0.bin", 200_000), ("1.bin", 90_000), ("2.bin", 10)]


def test_the_python_sdk_creates_downloads_and_deletes_a_torrent_file(world: World) -> None:
    sdk, one = python_sdk(world), world.seeded["python"]
    infohash = one.v1.hex()
    made = sdk.create_torrent("v1", CreateTorrentRequest(file=one.torrent, seed="1", allow_zip="false"))
    assert (made.success, made.data.hash) == (True, infohash)
    assert find_in_daemon(world, infohash)

    def list_rows() -> list[Any]:
        return python_rows(sdk.get_torrent_list("v1", bypass_cache="true", offset="0", limit="100"))

    mine = wait_until_finished(list_rows, made.data.torrent_id)
    assert (mine["hash"], mine["name"], mine["progress"], mine["size"]) == (infohash, "python", 1, 290_010)
    assert mine["download_present"] is True
    assert sorted((file.short_name, file.size) for file in mine["files"]) == FILES
    assert {file.name for file in mine["files"]} == {"python/0.bin", "python/1.bin", "python/2.bin"}
    assert [file.id_ for file in mine["files"]] == [0, 1, 2]
    for file in mine["files"]:
        asked = {"torrent_id": str(mine["id"]), "file_id": str(file.id_), "redirect": "false"}
        link = sdk.request_download_link("v1", token=world.key, **asked).data
        assert download(link) == (one.folder / file.name).read_bytes()
    magnet = sdk.export_torrent_data("v1", torrent_id=str(made.data.torrent_id), type_="magnet").data
    assert magnet.startswith(f"magnet:?xt=urn:btih:{infohash}&dn=python&tr=")
    for operation, state in (("pause", "stoppedUP"), ("resume", "stalledUP"), ("reannounce", "stalledUP")):
        # The SDK drops the content of a dict, and sends a string as a JSON string.
        sdk.control_torrent("v1", json.dumps({"torrent_id": made.data.torrent_id, "operation": operation}))
        wait_for_state(world, infohash, state)
    sdk.control_torrent("v1", json.dumps({"torrent_id": made.data.torrent_id, "operation": "delete"}))
    assert find_in_daemon(world, infohash) is None
    # qBittorrent may still be deleting what it does not list any more.
    wait_until(lambda: not (world.daemon.downloads / "python" / "0.bin").exists())
    assert made.data.torrent_id not in [row["id"] for row in list_rows()]


def test_the_python_sdk_creates_a_torrent_by_magnet_link(world: World) -> None:
    sdk, one = python_sdk(world), world.seeded["python by magnet"]
    link = f"magnet:?xt=urn:btih:{one.v1.hex()}&tr={ANNOUNCE}"
    made = sdk.create_torrent("v1", CreateTorrentRequest(magnet=link, name="by magnet")).data
    assert made.hash == one.v1.hex()
    mine = wait_until_finished(lambda: python_rows(sdk.get_torrent_list("v1")), made.torrent_id)
    assert mine["name"] == "by magnet"
    assert sorted((file.short_name, file.size) for file in mine["files"]) == FILES
    # The torrent was not held; the client has found it, and now it is held.
    assert sdk.get_torrent_info("v1", hash=one.v1.hex(), timeout="1").data.name == "python by magnet"
    sdk.control_torrent("v1", json.dumps({"all": True, "operation": "delete"}))
    assert find_in_daemon(world, one.v1.hex()) is None


def test_the_python_sdk_checks_what_is_cached(world: World) -> None:
    sdk, one = python_sdk(world), world.seeded["python"]
    sdk.create_torrent("v1", CreateTorrentRequest(file=one.torrent))
    infohash = one.v1.hex()
    found = sdk.get_torrent_cached_availability(
        "v1", hash=f"{infohash.upper()},{ABSENT}", format="object", list_files="true"
    )
    assert list(found.data) == [infohash]
    assert found.data[infohash]["size"] == 290_010
    list_rows = sdk.get_torrent_cached_availability(
        "v1", hash=infohash, format="list", list_files="false"
    ).data
    assert list_rows == [{"name": "python", "size": 290_010, "hash": infohash}]
    described = sdk.get_torrent_info1("v1", GetTorrentInfo1Request(hash=infohash)).data
    assert (described.name, described.hash, described.size) == ("python", infohash, 290_010)
    assert described.trackers == [ANNOUNCE]
    assert sorted(file.size for file in described.files) == [10, 90_000, 200_000]


WRONG: list[tuple[str | None, Callable[[Any], Any], int, str | bool]] = [
    ("hk_00000000_nonsense", lambda sdk: sdk.get_torrent_list("v1"), 403, "BAD_TOKEN"),
    (None, lambda sdk: sdk.get_torrent_info("v1", hash=ABSENT), 404, "ITEM_NOT_FOUND"),
    (None, lambda sdk: sdk.get_torrent_list("v1", id_="999999"), 404, "ITEM_NOT_FOUND"),
    (None, lambda sdk: sdk.create_torrent("v1", CreateTorrentRequest(name="x")), 400, True),
    (None, lambda sdk: sdk.control_torrent("v1", json.dumps({"operation": "dance"})), 400, "INVALID_OPTION"),
]


def test_the_python_sdk_understands_errors(world: World) -> None:
    for key, call, status, code in WRONG:
        with pytest.raises(RequestError) as raised:
            call(python_sdk(world, key))
        assert raised.value.status == status
        assert raised.value.response.body["error"] == code
        assert raised.value.response.body["detail"]


def test_the_javascript_sdk_creates_downloads_and_deletes_a_torrent_file(world: World) -> None:
    one = world.seeded["javascript"]
    infohash, file = one.v1.hex(), base64.b64encode(one.torrent).decode()
    [made] = run_javascript(
        world, ["torrents", "createTorrent", {"file": file, "seed": "1", "allowZip": "true"}]
    )
    assert (made["data"]["success"], made["data"]["data"]["hash"]) == (True, infohash)
    id_ = made["data"]["data"]["torrentId"]

    def list_rows() -> list[Any]:
        [answer] = run_javascript(world, ["torrents", "getTorrentList", {"bypassCache": "true"}])
        return [row | {"download_finished": row["downloadFinished"]} for row in answer["data"]["data"]]

    mine = wait_until_finished(list_rows, id_)
    assert (mine["hash"], mine["name"], mine["progress"], mine["size"]) == (
        infohash,
        "javascript",
        1,
        290_010,
    )
    assert sorted((file["shortName"], file["size"]) for file in mine["files"]) == FILES

    def does(operation: str) -> list[Any]:
        return ["torrents", "controlTorrent", {"torrent_id": id_, "operation": operation}]

    outcomes = run_javascript(
        world,
        ["torrents", "requestDownloadLink", {"token": world.key, "torrentId": str(id_), "fileId": "0"}],
        ["torrents", "exportTorrentData", {"torrentId": str(id_), "type": "magnet"}],
        *map(does, ("reannounce", "resume", "pause")),
    )
    assert [outcome["data"]["success"] for outcome in outcomes] == [True] * 5
    link, magnet = (outcome["data"]["data"] for outcome in outcomes[:2])
    assert download(link) == (one.folder / mine["files"][0]["name"]).read_bytes()
    assert magnet.startswith(f"magnet:?xt=urn:btih:{infohash}")
    wait_for_state(world, infohash, "stoppedUP")
    [gone] = run_javascript(world, does("delete"))
    assert gone["data"]["detail"] == "Torrent operation processed successfully."
    assert find_in_daemon(world, infohash) is None


def test_the_javascript_sdk_creates_by_magnet_link_and_checks_what_is_cached(world: World) -> None:
    one = world.seeded["javascript by magnet"]
    infohash, file = one.v1.hex(), base64.b64encode(one.torrent).decode()
    link = f"magnet:?xt=urn:btih:{infohash}&tr={ANNOUNCE}"
    outcomes = run_javascript(
        world,
        ["torrents", "createTorrent", {"magnet": link, "asQueued": "false"}],
        ["torrents", "createTorrent", {"file": file}],
        [
            "torrents",
            "getTorrentCachedAvailability",
            {"hash": infohash, "format": "object", "listFiles": "true"},
        ],
        ["torrents", "getTorrentCachedAvailability", {"hash": f"{ABSENT},{infohash}", "format": "list"}],
        ["torrents", "getTorrentCachedAvailability", {"hash": ABSENT, "format": "object"}],
        ["torrents", "getTorrentInfo", {"hash": infohash, "timeout": "5"}],
        ["torrents", "getTorrentInfo1", {"hash": infohash}],
        ["torrents", "getTorrentInfo1", {"magnet": link}],
        ["torrents", "getTorrentInfo1", {"file": file}],
        ["queued", "getQueuedDownloads", {"type": "torrent"}],
        ["torrents", "controlTorrent", {"all": True, "operation": "delete"}],
    )
    assert [outcome.get("thrown") for outcome in outcomes] == [None] * len(outcomes)
    made, again, as_object, as_list, absent, *infos = (
        outcome["data"].get("data") for outcome in outcomes[:-2]
    )
    assert made["torrentId"] == again["torrentId"]
    assert {"name": f"{one.name}/0.bin", "size": 200_000} in as_object[infohash]["files"]
    assert [row["hash"] for row in as_list] == [infohash]
    assert absent is None
    assert {(info["name"], info["hash"], info["size"]) for info in infos} == {(one.name, infohash, 290_010)}
    assert len(infos) == 4


def test_the_javascript_sdk_understands_errors(world: World) -> None:
    nothing, dance, kind, unknown = run_javascript(
        world,
        ["torrents", "createTorrent", {"name": "x"}],
        ["torrents", "controlTorrent", {"operation": "dance"}],
        ["torrents", "exportTorrentData", {"torrentId": "1", "type": "film"}],
        ["torrents", "getTorrentInfo", {"hash": ABSENT}],
    )
    assert (nothing["error"], nothing["detail"]) == (
        True,
        "Send a magnet link in `magnet`, or a torrent in `file`.",
    )
    assert (dance["error"], kind["error"]) == ("INVALID_OPTION", "INVALID_OPTION")
    assert unknown["status"] == 404
    [stranger] = run_javascript(world, ["torrents", "getTorrentList", {}], key="hk_00000000_nonsense")
    assert stranger["status"] == 403
