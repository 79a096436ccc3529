"""The real FlexGet downloads torrents from Hashkeep: by URL, by Torznab, by RSS, and as from an old cache."""

import subprocess
from pathlib import Path

import pytest

from tests import make
from tests.servers.hashkeep import Hashkeep

FLEXGET = Path(__file__).parent.parent / "clients/.flexget/bin/flexget"
TORRENTS = {
    "cache": make.v1(b"By our URL", 3_000_000),
    "torznab": make.v1(b"The.Torznab.Show.S01E02.1080p.mkv", 3_000_000),
    "rss": make.v1(b"By our feed", 3_000_000),
    "old": make.hybrid(b"As from an old cache"),
}
# The only source of the last torrent is dead. FlexGet's plugin then asks torrage.com, zoink.it and itorrents.org,
# through a proxy that is this archive.
CONFIG = """
tasks:
  cache:
    mock: [{{title: By our URL, url: "{url}/torrent/{cache}.torrent"}}]
    accept_all: yes
    download: "{out}/cache"
  torznab:
    discover:
      what: [mock: [{{title: The Torznab Show S01E02}}]]
      from: [torznab: {{url: "{url}/torznab", searcher: tv, apikey: anything}}]
      release_estimations: ignore
      interval: 0 hours
    accept_all: yes
    download: "{out}/torznab"
  rss:
    rss: "{url}/rss?q=our+feed"
    accept_all: yes
    download: "{out}/rss"
  old:
    mock: [{{title: old, url: "http://127.0.0.1:1/dead.torrent", torrent_info_hash: "{old}"}}]
    accept_all: yes
    torrent_cache: yes
    proxy: {{http: "{url}", https: "{url}"}}
    download: "{out}/old"
"""


@pytest.fixture(scope="module")
def downloads(server: Hashkeep, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one folder for each task of FlexGet, which has what the task downloaded."""
    folder = tmp_path_factory.mktemp("flexget")
    for name, torrent in TORRENTS.items():
        (folder / name).mkdir()
        (file := folder / f"{name}.torrent").write_bytes(torrent)
        server.manage("import_torrents", str(file))
    hashes = {name: make.v1_hash(torrent) for name, torrent in TORRENTS.items()}
    (folder / "config.yml").write_text(CONFIG.format(url=server.url, out=folder, **hashes))
    command = [str(FLEXGET), "-c", str(folder / "config.yml"), "--loglevel", "info", "execute"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.parametrize("task", TORRENTS)
def test_flexget_downloads_the_exact_bytes(downloads: Path, task: str) -> None:
    [file] = (downloads / task).iterdir()
    assert file.read_bytes() == TORRENTS[task]
