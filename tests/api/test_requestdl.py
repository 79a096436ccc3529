"""From a magnet link to the file: createtorrent, a real client that downloads from a real seeder, requestdl."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
import requests

from tests.client_operations import poll_until
from tests.servers.client_daemon import ClientDaemon
from tests.servers.hashkeep import Hashkeep, hashkeep
from tests.servers.libtorrent_peers import Address, Content, Peer, create_content
from tests.servers.network_namespace import network_namespace
from tests.servers.qbittorrent import qbittorrent
from tests.servers.recording_trackers import http_tracker
from tests.servers.transmission import transmission

SEEDER: Address = ("44.2.0.1", 6881)
TRACKER: Address = ("81.2.0.1", 6969)
ANNOUNCE = "http://{}:{}/announce".format(*TRACKER)
CASES = [("home", "v1"), ("home", "hybrid"), ("home", "v2"), ("seedbox", "v1"), ("seedbox", "hybrid")]


class World(NamedTuple):
    server: Hashkeep
    keys: dict[str, str]
    """By the client that they are bound to."""
    daemons: dict[str, ClientDaemon]
    held: dict[tuple[str, str], Content]

    def call_method(self, client: str, path: str, **wish: Any) -> Any:
        url, token = (
            f"{self.server.url}/v1/api/torrents/{path}",
            {"Authorization": f"Bearer {self.keys[client]}"},
        )
        if path == "createtorrent":
            answer = requests.post(url, wish, headers=token, timeout=60)
        else:
            answer = requests.get(url, wish, headers=token, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("content")
    with network_namespace(), ExitStack() as stack:
        home = stack.enter_context(qbittorrent(tmp_path_factory.mktemp("q"), "5.3"))
        seedbox = stack.enter_context(transmission(tmp_path_factory.mktemp("t"), "4.1"))
        held = {case: create_content(folder, " ".join(case), case[1], size=3_000_000) for case in CASES}
        seeder = Peer(SEEDER)
        known: dict[bytes, list[Address]] = {}
        for each in held.values():
            seeder.seed(each)
            known |= {each.v1: [SEEDER], each.v2[:20]: [SEEDER]}
        stack.enter_context(http_tracker(TRACKER, known))
        clients = f"home=qbittorrent://admin:a%20password@127.0.0.1:{home.web}"
        clients += f",seedbox=transmission://admin:a%20password@127.0.0.1:{seedbox.web}"
        folders = f"home={home.downloads},seedbox={seedbox.downloads}"
        for daemon in (home, seedbox):
            daemon.downloads.mkdir(exist_ok=True)
        server = stack.enter_context(
            hashkeep(tmp_path_factory.mktemp("archive"), CLIENTS=clients, CLIENT_FILES=folders)
        )
        keys = {
            name: server.manage("keys", "issue", name, "--client", name).stdout.strip()
            for name in ("home", "seedbox")
        }
        yield World(server, keys, {"home": home, "seedbox": seedbox}, held)


def magnet_link(held: Content, kind: str) -> str:
    names = {"v1": [f"xt=urn:btih:{held.v1.hex()}"], "v2": [f"xt=urn:btmh:1220{held.v2.hex()}"]}
    named = names.get(kind, names["v1"] + names["v2"])
    return f"magnet:?{'&'.join(named)}&tr={quote(ANNOUNCE)}"


@pytest.mark.parametrize(("client", "kind"), CASES)
def test_a_magnet_link_becomes_a_downloaded_file(world: World, client: str, kind: str) -> None:
    held = world.held[client, kind]
    number = world.call_method(client, "createtorrent", magnet=magnet_link(held, kind))["torrent_id"]

    def row() -> Any:
        return world.call_method(client, "mylist", id=number)

    poll_until(lambda: (item := row())["progress"] == 1 and item["files"])
    assert row()["download_finished"] is True
    expected = {path.name: path.read_bytes() for path in (held.folder / held.name).iterdir()}
    files = row()["files"]
    assert {file["short_name"]: file["size"] for file in files} == {
        name: len(content) for name, content in expected.items()
    }
    for file in files:
        found = world.call_method(
            client, "requestdl", token=world.keys[client], torrent_id=number, file_id=file["id"]
        )
        whole = expected[file["short_name"]]
        assert requests.get(found, timeout=60).content == whole
        middle = requests.get(found, headers={"Range": "bytes=5-"}, timeout=60)
        assert (middle.status_code, middle.content) == (206, whole[5:])
    token = world.keys[client]
    packed = world.call_method(client, "requestdl", token=token, torrent_id=number, zip_link="true")
    with zipfile.ZipFile(io.BytesIO(requests.get(packed, timeout=60).content)) as made:
        assert {name: made.read(name) for name in made.namelist()} == {
            f"{held.name}/{name}": content for name, content in expected.items()
        }
