"""Finished files sent by nginx, with the configuration that comes with Hashkeep."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from tests.make import random_bytes
from tests.servers.file_server import FileServer, file_server
from tests.servers.hashkeep import ROOT
from tests.servers.nginx import nginx

FILM = random_bytes(300_001, b"film")
NAMES = ("a film.mkv", "page.html", "ä?#%41.mkv")  # in this order


class NginxServer(NamedTuple):
    server: FileServer
    films: Path
    url: str

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", headers=headers, timeout=60)


@pytest.fixture(scope="module")
def nginx_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NginxServer]:
    films = tmp_path_factory.mktemp("films")
    for name in NAMES:
        (films / name).write_bytes(FILM)
    conf = (ROOT / "deploy" / "nginx.conf").read_text()
    folder = tmp_path_factory.mktemp("archive")
    with file_server(folder, films, FILES_BY_NGINX="on", BEHIND_PROXY="on") as running:
        ours = conf.replace("127.0.0.1:8000", f"127.0.0.1:{running.server.port}")
        with nginx(ours.replace("/srv/downloads", str(films))) as url:
            yield NginxServer(running, films, url)


@pytest.mark.parametrize("file", range(len(NAMES)))
def test_nginx_sends_the_file_whole_and_in_part(nginx_server: NginxServer, file: int) -> None:
    path = nginx_server.server.link(file_id=file)
    whole = nginx_server.get(path)
    assert (whole.status_code, whole.content) == (200, FILM)
    assert "ETag" in whole.headers
    part = nginx_server.get(path, Range="bytes=300000-")
    assert (part.status_code, part.content) == (206, FILM[300_000:])
    assert nginx_server.get(path, Range="bytes=300001-").status_code == 416


def test_scripts_in_a_file_from_nginx_cannot_run_with_our_origin(nginx_server: NginxServer) -> None:
    headers = nginx_server.get(nginx_server.server.link(file_id=NAMES.index("page.html"))).headers
    assert headers["Content-Type"] == "text/html"
    assert headers["Content-Disposition"] == 'attachment; filename="page.html"'
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Accel-Redirect" not in headers


def test_nginx_serves_no_file_without_a_link(nginx_server: NginxServer) -> None:
    assert nginx_server.get("/finished/home/page.html").status_code == 404
    assert nginx_server.get("/files/nonsense/page.html").status_code == 404


def test_zips_are_sent_by_hashkeep_itself(nginx_server: NginxServer) -> None:
    answer = nginx_server.get(nginx_server.server.link(zip_link="true"))
    assert answer.content.count(FILM) == len(NAMES)
