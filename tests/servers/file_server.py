"""A Hashkeep that serves the finished files of a torrent client, with several API keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from tests.servers.fake_qbittorrent import fake_qbittorrent
from tests.servers.hashkeep import Hashkeep

_V1 = bytes(range(20))
_ACCOUNTS = f"""
from archive.access import api_keys, key_torrents
from metainfo.magnet import Magnet
for name in "abcde":
    key, text = api_keys.issue_key(name, client="home")
    print(text, key_torrents.add_key_torrent(key, Magnet(bytes.fromhex("{_V1.hex()}"))).id)
"""


class FileServer(NamedTuple):
    server: Hashkeep
    accounts: list[tuple[str, int]]
    """Five keys, and the torrent's number with each."""

    def link(self, account: int = 0, **wish: Any) -> str:
        """The path of a link from requestdl."""
        token, number = self.accounts[account]
        asked: dict[str, Any] = {"token": token, "torrent_id": number} | wish
        answer = requests.get(f"{self.server.url}/v1/api/torrents/requestdl", asked, timeout=60)
        return str(urlsplit(answer.json()["data"]).path)


@contextmanager
def file_server(folder: Path, films: Path, **settings: Any) -> Iterator[FileServer]:
    """Its client claims to have the files of the folder `films`, in the order of their names."""
    with fake_qbittorrent() as client:
        client.set_torrent(_V1)
        for film in sorted(films.iterdir()):
            client.add_file(film.name, film.stat().st_size)
        where = f"home=qbittorrent://me:secret@127.0.0.1:{client.port}"
        server = Hashkeep(folder, CLIENTS=where, CLIENT_FILES=f"home={films}", **settings)
        server.manage("migrate", "--verbosity", "0")
        lines = server.manage("shell", "-v0", "-c", _ACCOUNTS).stdout.splitlines()
        server.start("--workers", "1")
        try:
            yield FileServer(server, [(text, int(id)) for text, id in map(str.split, filter(None, lines))])
        finally:
            server.kill()
