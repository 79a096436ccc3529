"""Films that are watched for hours: slow readers of finished files, at the bare server."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
import requests

from tests import make
from tests.client_operations import poll_until
from tests.server.test_slow_clients import SOON, memory
from tests.servers.file_server import FileServer, file_server

SIZE = 3_000_000_000  # bytes, and on the disk a hole; more than kernel and server hold
ACCOUNTS = 4  # each may read with 32 connections, and all of them with 128


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileServer]:
    films = tmp_path_factory.mktemp("films")
    with (films / "film.mkv").open("wb") as film:
        film.truncate(SIZE)
    with file_server(tmp_path_factory.mktemp("file_server"), films) as running:
        yield running


def watch(filled: FileServer, path: str) -> socket.socket:
    """Begin to read, and no more."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.settimeout(60)
    one.connect(("127.0.0.1", filled.server.port))
    one.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return one


def status(one: socket.socket) -> int:
    return int(one.recv(12)[-3:])


def test_readers_are_limited_and_keep_nobody_waiting(filled: FileServer) -> None:
    before = memory(filled.server)
    with ExitStack() as stack:
        for account in range(ACCOUNTS):
            paths = [filled.link(account, file_id=0)] * 31 + [filled.link(account, zip_link="true")]
            for path in paths:
                assert status(stack.enter_context(closing(watch(filled, path)))) == 200
        # That key may read no more, and no other may.
        refused = requests.get(f"{filled.server.url}{filled.link(0, file_id=0)}", timeout=SOON)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
        refused = requests.get(f"{filled.server.url}{filled.link(4, file_id=0)}", timeout=SOON)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
        torrent = make.v1(b"beside films")
        stored = requests.post(f"{filled.server.url}/upload", files={"torrent": torrent}, timeout=SOON)
        assert stored.text == make.v1_hash(torrent)
        for _ in range(20):
            assert requests.get(f"{filled.server.url}/{stored.text}.torrent", timeout=SOON).content == torrent
            assert requests.get(filled.server.url, timeout=SOON).ok
        assert memory(filled.server) - before < 50_000_000
    poll_until(lambda: can_watch(filled))


def can_watch(filled: FileServer) -> bool:
    """A reader that is gone is counted no more."""
    with closing(watch(filled, filled.link(4, file_id=0))) as one:
        return status(one) == 200
