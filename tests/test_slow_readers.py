"""Films that are watched for hours: slow readers of finished files, at the bare server."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
import requests

from tests import make
from tests.client_operations import until
from tests.servers.hashkeep import Hashkeep
from tests.servers.pretending import pretending
from tests.test_slow_clients import memory

V1 = bytes(range(20))
SIZE = 3_000_000_000  # bytes, and on the disk a hole; more than kernel and server hold
THREADS = 64  # and so 16 readers, 4 of each key
ACCOUNTS = f"""
from archive import account, keys
from archive.magnet import Magnet
for name in "abcde":
    key, text = keys.issue(name, client="home")
    print(text, account.add(key, Magnet(bytes.fromhex("{V1.hex()}"))).id)
"""


class Cinema(NamedTuple):
    server: Hashkeep
    accounts: list[tuple[str, int]]
    """Keys, and the torrent's number with each."""

    def link(self, account: int = 0, **wish: object) -> str:
        token, number = self.accounts[account]
        wish = {"token": token, "torrent_id": number} | wish
        answer = requests.get(f"{self.server.url}/v1/api/torrents/requestdl", wish, timeout=60)  # type: ignore[arg-type]
        return str(urlsplit(answer.json()["data"]).path)


@pytest.fixture(scope="module")
def cinema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cinema]:
    films = tmp_path_factory.mktemp("films")
    with (films / "film.mkv").open("wb") as film:
        film.truncate(SIZE)
    (films / "page.html").write_bytes(b"<script>document.title = 'hacked'</script>")
    with pretending() as client:
        client.has(V1)
        client.says("film.mkv", SIZE)
        client.says("page.html", (films / "page.html").stat().st_size)
        server = Hashkeep(
            tmp_path_factory.mktemp("cinema"),
            THREADS=THREADS,
            CLIENTS=f"home=qbittorrent://me:secret@127.0.0.1:{client.port}",
            CLIENT_FILES=f"home={films}",
        )
        server.manage("migrate", "--verbosity", "0")
        lines = server.manage("shell", "-v0", "-c", ACCOUNTS).stdout.split("\n")
        server.start("--workers", "1")
        try:
            yield Cinema(server, [(text, int(id)) for text, id in map(str.split, filter(None, lines))])
        finally:
            server.kill()


def watch(cinema: Cinema, path: str) -> socket.socket:
    """Begin to read, and no more."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.settimeout(60)
    one.connect(("127.0.0.1", cinema.server.port))
    one.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return one


def status(one: socket.socket) -> int:
    return int(one.recv(12)[-3:])


def test_readers_have_seats_of_their_own_and_keep_nobody_waiting(cinema: Cinema) -> None:
    before = memory(cinema.server)
    with ExitStack() as stack:
        for account in range(4):
            paths = [cinema.link(account, file_id=0)] * 3 + [cinema.link(account, zip_link="true")]
            for path in paths:
                assert status(stack.enter_context(closing(watch(cinema, path)))) == 200
        # That key has no seat left, and then nobody has.
        refused = requests.get(f"{cinema.server.url}{cinema.link(0, file_id=0)}", timeout=20)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
        refused = requests.get(f"{cinema.server.url}{cinema.link(4, file_id=0)}", timeout=20)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
        torrent = make.v1(b"beside films")
        stored = requests.post(f"{cinema.server.url}/upload", files={"torrent": torrent}, timeout=20)
        assert stored.text == make.v1_hash(torrent)
        for _ in range(20):
            assert requests.get(f"{cinema.server.url}/{stored.text}.torrent", timeout=20).content == torrent
            assert requests.get(cinema.server.url, timeout=20).ok
        print("memory", memory(cinema.server) - before)
        assert memory(cinema.server) - before < 50_000_000
    until(lambda: can_watch(cinema))


def can_watch(cinema: Cinema) -> bool:
    """Whoever has gone has left his seat."""
    with closing(watch(cinema, cinema.link(4, file_id=0))) as one:
        return status(one) == 200
