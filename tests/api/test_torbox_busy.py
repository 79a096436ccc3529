"""Many requests wait for a torrent client that never answers; other requests are answered meanwhile."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.servers.hashkeep import Hashkeep
from tests.servers.misbehaving_server import misbehaving_server, never_answer

AT_ONCE = 24  # more than the threads that work on other requests


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Hashkeep]:
    """An archive with one process."""
    with misbehaving_server(never_answer) as port:
        running = Hashkeep(tmp_path, CLIENTS=f"home=qbittorrent://me:it@127.0.0.1:{port}")
        running.migrate()
        running.start("--workers", "1")
        try:
            yield running
        finally:
            running.kill()


def test_a_client_that_never_answers_delays_no_other_request(archive: Hashkeep) -> None:
    key = archive.manage("keys", "issue", "Anna", "--client", "home").stdout.split()[-1]
    url, headers = f"{archive.url}/v1/api/torrents/createtorrent", {"Authorization": f"Bearer {key}"}

    def create(number: int) -> requests.Response:
        return requests.post(url, {"magnet": f"{number:040}"}, headers=headers, timeout=60)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = [threads.submit(create, number) for number in range(AT_ONCE)]
        time.sleep(3)  # of the ten seconds that each waits
        assert requests.get(f"{archive.url}/api/v1/stats", timeout=30).status_code == 200
        assert not any(answer.done() for answer in answers)
        outcomes = [(each.status_code, each.json()["error"]) for each in (one.result() for one in answers)]
    assert set(outcomes) == {(504, "DOWNLOAD_SERVER_ERROR")}
