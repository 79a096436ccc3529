"""The real qBittorrent finds torrents in Hashkeep: by the RSS feed, and by the search plugin of docs/fetching.md."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import qbittorrentapi

from tests import make
from tests.docs_runner import read_blocks
from tests.hashkeep.test_docs import PAGE_URL
from tests.servers.hashkeep import ROOT, Hashkeep, hashkeep
from tests.servers.network_namespace import network_namespace
from tests.servers.qbittorrent import qbittorrent

NAME = 'Example Disc "2026" & more.iso'
TORRENT = make.v1(NAME.encode(), 3_000_000)
SOON = 120  # seconds, on a machine that is busy with other tests


class World(NamedTuple):
    archive: Hashkeep
    client: qbittorrentapi.Client


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("archive")
    (folder / "my.torrent").write_bytes(TORRENT)
    with (
        network_namespace(),
        hashkeep(folder) as archive,
        qbittorrent(tmp_path_factory.mktemp("client"), "5.1") as running,
    ):
        archive.manage("import_torrents", str(folder / "my.torrent"))
        client = qbittorrentapi.Client(running.url, username=running.user, password=running.password)
        yield World(archive, client)
        client.auth_log_out()


def wait_for(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SOON
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def test_qbittorrent_reads_the_rss_feed(world: World) -> None:
    world.client.app_set_preferences({"rss_processing_enabled": True})
    world.client.rss_add_feed(f"{world.archive.url}/rss?q=example+disc", "ours")
    [article] = wait_for(lambda: read_articles(world.client))
    assert article["title"] == NAME
    assert article["torrentURL"] == f"{world.archive.url}/torrent/{make.v1_hash(TORRENT)}.torrent"


def read_articles(client: qbittorrentapi.Client) -> Any:
    """The articles of the feed; None before qBittorrent has read it."""
    feeds: Any = client.rss_items(include_feed_data=True)
    return feeds["ours"].get("articles")


def test_qbittorrent_searches_by_the_plugin_of_the_docs(world: World, tmp_path: Path) -> None:
    [plugin] = [one for one in read_blocks(ROOT / "docs" / "fetching.md") if one.file == "hashkeep.py"]
    (tmp_path / plugin.file).write_text(plugin.text.replace(PAGE_URL, world.archive.url))
    world.client.search_install_plugin(str(tmp_path / plugin.file))
    assert wait_for(lambda: [one.name for one in world.client.search_plugins()]) == ["hashkeep"]
    job = world.client.search_start("example disc", plugins="hashkeep", category="all")
    [found] = wait_for(lambda: job.results().results)
    assert (found.fileName, found.fileSize) == (NAME, 3_000_000)
    assert found.fileUrl == f"{world.archive.url}/torrent/{make.v1_hash(TORRENT)}.torrent"
    job.delete()
