"""Many requests wait for a torrent client that never answers, and the archive goes on with its own work."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from archive.turns import AT_ONCE
from tests.servers.hashkeep import hashkeep
from tests.servers.rude import rude, silent


def test_a_client_that_never_answers_holds_nobody_else_up(tmp_path: Path) -> None:
    waiting = AT_ONCE + 8
    with (
        rude(silent) as port,
        hashkeep(tmp_path, CLIENTS=f"home=qbittorrent://me:it@127.0.0.1:{port}") as archive,
    ):
        key = archive.manage("keys", "issue", "Anna", "--client", "home").stdout.split()[-1]
        headers = {"Authorization": f"Bearer {key}"}
        url = f"{archive.url}/v1/api/torrents/createtorrent"

        def create(number: int) -> requests.Response:
            return requests.post(url, {"magnet": f"{number:040}"}, headers=headers, timeout=60)

        with ThreadPoolExecutor(waiting) as threads:
            answers = [threads.submit(create, number) for number in range(waiting)]
            time.sleep(3)  # of the ten seconds that each waits
            began = time.monotonic()
            assert requests.get(f"{archive.url}/api/v1/stats", timeout=30).status_code == 200
            assert time.monotonic() - began < 5
            assert not any(answer.done() for answer in answers)
            outcomes = [
                (each.status_code, each.json()["error"]) for each in (one.result() for one in answers)
            ]
    assert set(outcomes) == {(504, "DOWNLOAD_SERVER_ERROR")}
