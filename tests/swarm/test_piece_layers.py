"""Piece layers from a real qBittorrent, as far as the file that the archive stores and serves."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import bencodepy
import pytest
import requests

from tests.servers.hashkeep import Hashkeep, hashkeep
from tests.servers.libtorrent_peers import Address, Content, create_content
from tests.servers.network_namespace import network_namespace
from tests.servers.opentracker import Opentracker, opentracker
from tests.servers.qbittorrent import Qbittorrent, qbittorrent
from tests.servers.transmission import transmission

TRACKER: Address = ("81.1.0.1", 6969)
SETTINGS = {"RESOLVE": "on", "BT_LISTEN": "70.1.0.1:6881", "DHT_BOOTSTRAP": "", "TRACKERS": ""}
WAIT = 60  # seconds, on a machine that is busy with other tests


class World(NamedTuple):
    archive: Hashkeep
    tracker: Opentracker
    hybrid: Content
    v2: Content
    v1_first: Content
    """A hybrid torrent that at first only a client without v2 seeds."""
    start_v2_seeder: Callable[[], AbstractContextManager[Qbittorrent]]
    """Of `v1_first`."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    for name in ("archive", "tracker", "transmission"):
        (folder / name).mkdir()
    trackers = [Opentracker(TRACKER).udp]
    hybrid, v2, v1_first = (
        create_content(folder, name, kind, trackers)
        for name, kind in (("hybrid", "hybrid"), ("v2", "v2"), ("v1_first", "hybrid"))
    )
    with network_namespace(), ExitStack() as stack:
        targets = [target for content in (hybrid, v2, v1_first) for target in (content.v1, content.v2[:20])]
        tracker = stack.enter_context(opentracker(folder / "tracker", TRACKER, targets))
        archive = stack.enter_context(hashkeep(folder / "archive", **SETTINGS))
        stack.enter_context(start_qbittorrent(folder / "qbittorrent", "90.1.0.1", [hybrid, v2]))
        copy = copy_content(v1_first, folder / "copy")  # Transmission puts files of its own beside it
        stack.enter_context(
            transmission(
                folder / "transmission",
                "4.1",
                "91.1.0.1",
                downloads=copy.folder,
                torrents=write_torrents([copy]),
            )
        )
        tracker.wait_for(hybrid.v1, v2.v2[:20], v1_first.v1)

        def start_v2_seeder() -> AbstractContextManager[Qbittorrent]:
            return start_qbittorrent(folder / "v2 seeder", "92.1.0.1", [v1_first])

        yield World(archive, tracker, hybrid, v2, v1_first, start_v2_seeder)


def start_qbittorrent(
    home: Path, host: str, contents: Sequence[Content]
) -> AbstractContextManager[Qbittorrent]:
    return qbittorrent(home, "5.3", host, downloads=contents[0].folder, torrents=write_torrents(contents))


def copy_content(content: Content, folder: Path) -> Content:
    shutil.copytree(content.folder / content.name, folder / content.name)
    return replace(content, folder=folder)


def write_torrents(contents: Sequence[Content]) -> list[Path]:
    for content in contents:
        (content.folder / f"{content.name}.torrent").write_bytes(content.torrent)
    return [content.folder / f"{content.name}.torrent" for content in contents]


def fetch_torrent(world: World, infohash: bytes) -> dict[bytes, Any]:
    """The decoded torrent that the archive serves, which it searches for if need be."""
    url = f"{world.archive.url}/torrents/{infohash.hex()}?tr={world.tracker.udp}&timeout={WAIT}"
    answer = requests.get(url, timeout=WAIT + 30)
    assert answer.status_code == 200
    return dict(bencodepy.decode(answer.content))


def wait_for(is_true: Callable[[], bool], seconds: float = WAIT) -> bool:
    """Whether it became true in time."""
    deadline = time.monotonic() + seconds
    while not (result := is_true()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return result


def count_wishes(archive: Hashkeep) -> int:
    return int(query_index(archive, "SELECT count(*) FROM archive_wanted")[0][0])


def is_complete(archive: Hashkeep, content: Content) -> bool:
    """As the index says, which has it shortly after a waiting request has got it."""
    query = f"SELECT complete FROM archive_torrent WHERE v2 = x'{content.v2.hex()}'"
    assert wait_for(lambda: bool(query_index(archive, query)))
    [(complete,)] = query_index(archive, query)
    return bool(complete)


def query_index(archive: Hashkeep, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(archive.folder / "hashkeep.sqlite3", timeout=60)) as index, index:
        return index.execute(statement).fetchall()


@pytest.mark.parametrize(("name", "by"), [("hybrid", "v1"), ("v2", "v2")])
def test_a_stored_torrent_has_the_piece_layers_of_the_original(world: World, name: str, by: str) -> None:
    content: Content = getattr(world, name)
    original = bencodepy.decode(content.torrent)
    stored = fetch_torrent(world, getattr(content, by))
    assert len(original[b"piece layers"]) == 2  # of its three files the last is shorter than a piece
    assert stored[b"piece layers"] == original[b"piece layers"]
    assert stored[b"info"] == original[b"info"]
    assert is_complete(world.archive, content)


def test_a_torrent_stored_without_piece_layers_is_completed_later(world: World) -> None:
    original = bencodepy.decode(world.v1_first.torrent)
    incomplete = fetch_torrent(world, world.v1_first.v1)
    assert incomplete[b"info"] == original[b"info"]
    assert b"piece layers" not in incomplete
    assert not is_complete(world.archive, world.v1_first)
    with world.start_v2_seeder():
        world.tracker.wait_for(world.v1_first.v2[:20])

        # The wish is retried, for the first time after a minute: the row is changed as if that were over.
        def has_piece_layers() -> bool:
            query_index(world.archive, "UPDATE archive_wanted SET next_try = datetime('now', '-1 second')")
            return b"piece layers" in fetch_torrent(world, world.v1_first.v1)

        assert wait_for(has_piece_layers, seconds=120)
    assert fetch_torrent(world, world.v1_first.v1)[b"piece layers"] == original[b"piece layers"]
    assert is_complete(world.archive, world.v1_first)
    assert wait_for(lambda: count_wishes(world.archive) == 0)
