"""Piece layers from a real qBittorrent, as far as the file that the archive stores and hands out."""

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
    late: Content
    """Of this one only a client that knows nothing of v2 tells the tracker at first."""
    later: Callable[[], AbstractContextManager[Qbittorrent]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    for name in ("archive", "tracker", "transmission"):
        (folder / name).mkdir()
    tracks = [Opentracker(TRACKER).udp]
    hybrid, v2, late = (
        create_content(folder, name, kind, tracks)
        for name, kind in (("hybrid", "hybrid"), ("v2", "v2"), ("late", "hybrid"))
    )
    with network_namespace(), ExitStack() as stack:
        targets = [target for each in (hybrid, v2, late) for target in (each.v1, each.v2[:20])]
        tracker = stack.enter_context(opentracker(folder / "tracker", TRACKER, targets))
        archive = stack.enter_context(hashkeep(folder / "archive", **SETTINGS))
        stack.enter_context(seeding(folder / "qbittorrent", "90.1.0.1", [hybrid, v2]))
        bare = copied(late, folder / "bare")  # it puts files of its own beside it
        stack.enter_context(
            transmission(
                folder / "transmission", "4.1", "91.1.0.1", downloads=bare.folder, torrents=written([bare])
            )
        )
        tracker.wait_for(hybrid.v1, v2.v2[:20], late.v1)
        later = lambda: seeding(folder / "another", "92.1.0.1", [late])  # noqa: E731
        yield World(archive, tracker, hybrid, v2, late, later)


def seeding(home: Path, host: str, held: Sequence[Content]) -> AbstractContextManager[Qbittorrent]:
    return qbittorrent(home, "5.3", host, downloads=held[0].folder, torrents=written(held))


def copied(held: Content, folder: Path) -> Content:
    shutil.copytree(held.folder / held.name, folder / held.name)
    return replace(held, folder=folder)


def written(held: Sequence[Content]) -> list[Path]:
    for each in held:
        (each.folder / f"{each.name}.torrent").write_bytes(each.torrent)
    return [each.folder / f"{each.name}.torrent" for each in held]


def fetched(world: World, infohash: bytes) -> dict[bytes, Any]:
    url = f"{world.archive.url}/torrents/{infohash.hex()}?tr={world.tracker.udp}&timeout={WAIT}"
    answer = requests.get(url, timeout=WAIT + 30)
    assert answer.status_code == 200
    return dict(bencodepy.decode(answer.content))


def until(true: Callable[[], bool], seconds: float = WAIT) -> bool:
    deadline = time.monotonic() + seconds
    while not (fulfilled := true()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return fulfilled


def wishes(archive: Hashkeep) -> int:
    return int(query(archive, "SELECT count(*) FROM archive_wanted")[0][0])


def complete(archive: Hashkeep, held: Content) -> bool:
    [(known,)] = query(archive, f"SELECT complete FROM archive_torrent WHERE v2 = x'{held.v2.hex()}'")
    return bool(known)


def query(archive: Hashkeep, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(archive.folder / "hashkeep.sqlite3", timeout=60)) as index, index:
        return index.execute(statement).fetchall()


@pytest.mark.parametrize(("name", "by"), [("hybrid", "v1"), ("v2", "v2")])
def test_what_is_stored_has_the_originals_piece_layers(world: World, name: str, by: str) -> None:
    original: Content = getattr(world, name)
    theirs, ours = bencodepy.decode(original.torrent), fetched(world, getattr(original, by))
    assert len(theirs[b"piece layers"]) == 2  # of its three files the last is shorter than a piece
    assert ours[b"piece layers"] == theirs[b"piece layers"]
    assert ours[b"info"] == theirs[b"info"]
    assert complete(world.archive, original)


def test_what_came_without_piece_layers_is_kept_and_completed_later(world: World) -> None:
    theirs = bencodepy.decode(world.late.torrent)
    bare = fetched(world, world.late.v1)
    assert bare[b"info"] == theirs[b"info"]
    assert b"piece layers" not in bare
    assert not complete(world.archive, world.late)
    with world.later():
        world.tracker.wait_for(world.late.v2[:20])

        # By and by it is searched for again, first after a minute: as if that were over.
        def completed() -> bool:
            query(world.archive, "UPDATE archive_wanted SET next_try = datetime('now', '-1 second')")
            return b"piece layers" in fetched(world, world.late.v1)

        assert until(completed, seconds=120)
    assert fetched(world, world.late.v1)[b"piece layers"] == theirs[b"piece layers"]
    assert complete(world.archive, world.late)
    assert until(lambda: wishes(world.archive) == 0)
