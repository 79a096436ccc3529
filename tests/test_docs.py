"""The documentation is true: every page is followed, line by line, on a real Hashkeep (tests/transcript.py says how)."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests import make
from tests.servers.hashkeep import ROOT, Hashkeep, hashkeep
from tests.servers.swarm import ROUTER, Content, Peer, dht, internet
from tests.transcript import Desk, blocks, project

MINE = make.v1(b"Example Disc 2026.iso", 3_000_000)  # my.torrent of every page
EPISODE = make.v1(b"Example Show S01E02.mkv", 3_000_000)
THEIRS = make.v1(b"Example Disc 2027.iso", 3_000_000)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
HERE = "http://127.0.0.1:8000"

World = Callable[[Path], AbstractContextManager[Desk]]


@contextmanager
def desk(folder: Path, names: dict[str, str], env: dict[str, str]) -> Iterator[Desk]:
    folder = project(folder / "hashkeep")
    (folder / "my.torrent").write_bytes(MINE)
    reader = Desk(folder, names, env)
    try:
        yield reader
    finally:
        reader.leave()


@contextmanager
def storing(folder: Path) -> Iterator[Desk]:
    """An archive that is open to all, and one that wants a key."""
    (folder / "closed").mkdir()
    with hashkeep(folder) as open_, hashkeep(folder / "closed", UPLOADS="keys") as closed:
        key = closed.manage("keys", "issue", "Anna").stdout.strip()
        names = {HERE: open_.url, "https://closed.example": closed.url}
        with desk(folder, names, {"KEY": key}) as reader:
            yield reader


@contextmanager
def fetching(folder: Path) -> Iterator[Desk]:
    """An archive that asks the BitTorrent network, in which somebody has one torrent more."""
    router = "{}:{}".format(*ROUTER)
    network = {"RESOLVE": "on", "BT_LISTEN": "70.1.0.1:6881", "DHT_BOOTSTRAP": router, "TRACKERS": ""}
    with internet():
        nodes = dht()
        seeder = Peer(("44.1.0.1", 6881), [node.address for node in nodes[1:]])
        seeder.seed(Content(Path("/nonexistent"), "theirs", THEIRS))
        with hashkeep(folder, **network) as archive:
            for number, torrent in enumerate((MINE, EPISODE)):
                (folder / f"{number}.torrent").write_bytes(torrent)
                archive.manage("import_torrents", str(folder / f"{number}.torrent"))
            with desk(folder, {HERE: archive.url}, {"RESOLVE": "off"}) as reader:
                reader.type(".venv/bin/python manage.py migrate")  # of a mirror
                yield reader


WORLDS: dict[str, World] = {
    "storing": storing,
    "fetching": fetching,
}


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem in WORLDS], ids=lambda page: page.stem)
def test_what_a_page_says_is_so(page: Path, tmp_path: Path) -> None:
    with WORLDS[page.stem](tmp_path) as reader:
        reader.follow(page)
