"""TorBox's dialect with recorded requests of other programs, byte by byte (tests/wire/torbox.json)."""

import gzip
import http.client
import json
import socket
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import make
from tests.servers.hashkeep import Hashkeep

WIRE = json.loads((Path(__file__).parent.parent / "wire" / "torbox.json").read_text())
CLIENTS = [name for name in WIRE if name != "source"]


def send_raw(archive: Hashkeep, head: list[str], body: bytes) -> tuple[int, Any]:
    """Status and JSON of the response."""
    lines = [head[0], f"Host: 127.0.0.1:{archive.port}", *head[1:]]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    with socket.create_connection(("127.0.0.1", archive.port), timeout=60) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        content = answer.read()
    if answer.headers.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    return answer.status, json.loads(content)


def read_path(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


@pytest.mark.parametrize("client", CLIENTS)
def test_recorded_requests_get_the_answers_that_their_programs_read(server: Hashkeep, client: str) -> None:
    key = server.manage("keys", "issue", client).stdout.split()[-1]
    torrent = make.v1(b"a film", files={(b"0.mkv",): 1_000_000, (b"sub", b"1.srt"): 10}, source=client)
    filled = {"key": key, "hash": make.v1_hash(torrent).lower()}
    requests.post(f"{server.url}/upload", files={"torrent": torrent}, timeout=60).raise_for_status()
    for request in WIRE[client]["requests"]:
        head = [fill_placeholders(line, filled) for line in request["head"]]
        first, *last = fill_placeholders(request.get("body", ""), filled).encode().split(b"{torrent}")
        status, value = send_raw(server, head, torrent.join([first, *last]))
        assert status == request.get("status", 200), (head[0], value)
        for path, expected in request["reads"].items():
            found = read_path(value, fill_placeholders(path, filled))
            if expected == "{id}":
                filled.setdefault("id", str(found))
                found = str(found)
            assert found == (
                fill_placeholders(expected, filled) if isinstance(expected, str) else expected
            ), path


def fill_placeholders(text: str, filled: dict[str, str]) -> str:
    for name, value in filled.items():
        text = text.replace(f"{{{name}}}", value)
    return text
