"""What lies between the web server and Django."""

import socket
from pathlib import Path

import pytest
import requests

from tests import make
from tests.servers.hashkeep import Hashkeep, hashkeep


def test_an_answer_comes_in_one_piece(server: Hashkeep) -> None:
    """In two, the second waits until the client confirms the first, which takes clients up to 40 ms (RFC 896)."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        for _ in range(20):
            connection.sendall(b"GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head, _, body = connection.recv(65_536).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert body.startswith(b'{"torrents":')


def test_a_query_in_raw_utf_8_is_understood(server: Hashkeep) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(
            "GET /search?q=日本 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert "日本".encode() in answer


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_server_that_listens_at_all_addresses_sends_streams_and_files_whole(
    tmp_path: Path, host: str
) -> None:
    """granian knows such a server's own address only as 0.0.0.0 or ::."""
    with hashkeep(tmp_path, HOST=host) as everywhere:
        large = make.v1(b"large", 4_000_000_000)
        for torrent in (large, *[make.v1(b"%d" % number) for number in range(50)]):
            requests.post(
                f"{everywhere.url}/upload", files={"torrent": torrent}, timeout=60
            ).raise_for_status()
        listed = requests.get(f"{everywhere.url}/sync/all.txt", timeout=60).text.split()
        assert len(listed) == 51
        answer = requests.get(f"{everywhere.url}/{make.v1_hash(large)}.torrent", timeout=60)
        assert answer.content == large
