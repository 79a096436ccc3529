"""/health and /metrics, as monitoring programs read them."""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests import make
from tests.servers.hashkeep import Hashkeep, hashkeep
from tests.servers.network_namespace import network_namespace


def get(server: Hashkeep, path: str) -> requests.Response:
    return requests.get(f"{server.url}{path}", timeout=60)


def read_metrics(server: Hashkeep) -> dict[tuple[str, ...], float]:
    """Every sample, by its name and the values of its labels, parsed by Prometheus's own parser."""
    answer = get(server, "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


@pytest.fixture
def single_archive(tmp_path: Path) -> Iterator[Hashkeep]:
    with hashkeep(tmp_path) as running:
        yield running


def test_a_healthy_archive_says_so(server: Hashkeep) -> None:
    answer = get(server, "/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "ok": True,
        "database": {"ok": True, "age": 0.0},
        "storage": {"ok": True, "age": 0.0},
    }


def test_a_missing_storage_is_reported_with_the_time_since_it_was_well(single_archive: Hashkeep) -> None:
    requests.post(f"{single_archive.url}/upload", files={"torrent": make.v1()}, timeout=60)
    for _ in range(
        40
    ):  # the kernel chooses which of them hears: so that each of the server's processes has seen it well
        get(single_archive, "/health")
    shutil.rmtree(single_archive.torrents)
    answer = get(single_archive, "/health")
    assert (answer.status_code, answer.json()["storage"]["ok"]) == (503, False)
    single_archive.torrents.write_text("no folder")
    answer = get(single_archive, "/health")
    assert answer.status_code == 503
    report = answer.json()
    assert (report["ok"], report["storage"]["ok"], report["database"]["ok"]) == (False, False, True)
    assert 0 <= report["storage"]["age"] < 60


def test_health_and_metrics_work_without_the_database(single_archive: Hashkeep) -> None:
    single_archive.manage(
        "shell",
        "-v0",
        "-c",
        "from django.db import connection as c; c.cursor().execute('DROP TABLE archive_tally')",
    )
    assert get(single_archive, "/health").json()["database"]["ok"] is False
    report = read_metrics(single_archive)
    assert report["hashkeep_well", "database"] == 0
    assert report["hashkeep_failures_total", "database"] > 0
    assert ("hashkeep_torrents",) not in report


def test_a_resolver_is_reported_while_it_runs_and_missed_when_it_stops(tmp_path: Path) -> None:
    with network_namespace(), hashkeep(tmp_path, RESOLVE="on", DHT_BOOTSTRAP="", TRACKERS="") as running:
        deadline = time.monotonic() + 60
        while not (report := get(running, "/health").json())["resolver"]["ok"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert report["resolver"]["age"] < 60
        forget = "from archive.models import Pulse; Pulse.objects.update(beat_at='2026-01-01T00:00Z')"
        for pid in running.resolvers():
            os.kill(pid, signal.SIGSTOP)
        running.manage("shell", "-v0", "-c", forget)
        report = get(running, "/health").json()
        assert (report["ok"], report["resolver"]["ok"]) == (True, False)
        assert report["resolver"]["age"] > 60


def test_deposits_and_retrievals_are_counted_over_all_processes(single_archive: Hashkeep) -> None:
    torrents = [make.v1(b"%d" % number) for number in range(11)]
    torrents.insert(0, make.v1(b"large", 4_000_000_000))  # the page stores by another way
    for torrent in [*torrents, torrents[0], b"rubbish"]:
        requests.post(f"{single_archive.url}/upload", files={"torrent": torrent}, timeout=60)
    requests.post(f"{single_archive.url}/store", files={"torrent": torrents[1]}, timeout=60)
    for torrent in torrents[:5]:
        assert get(single_archive, f"/{make.v1_hash(torrent)}.torrent").content == torrent
        get(single_archive, f"/{make.v1_hash(torrent)}.torrent")
    assert get(single_archive, f"/{'AB' * 20}.torrent").status_code == 404
    deadline = time.monotonic() + 30  # downloads from memory are counted once a second
    while (report := read_metrics(single_archive))["hashkeep_retrievals_total", "held"] < 10:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert report["hashkeep_deposits_total", "post", "new"] == 12
    assert report["hashkeep_deposits_total", "post", "held"] == 1
    assert report["hashkeep_deposits_total", "post", "not-a-torrent"] == 1
    assert report["hashkeep_deposits_total", "page", "held"] == 1
    assert report["hashkeep_retrievals_total", "held"] == 10
    assert report["hashkeep_retrievals_total", "not-held"] == 1
    assert report["hashkeep_torrents",] == 12
    assert report["hashkeep_well", "storage"] == 1


def test_a_log_in_json_has_one_line_an_event(tmp_path: Path) -> None:
    with hashkeep(tmp_path, LOG_FORMAT="json") as single_archive:
        single_archive.torrents.write_text("no folder")
        requests.post(f"{single_archive.url}/upload", files={"torrent": make.v1()}, timeout=60)
        lines = [line for line in single_archive.log.read_text().splitlines() if line.startswith("{")]
    [event] = [report for line in lines if (report := json.loads(line))["logger"] == "archive.db.outages"]
    assert event["level"] == "ERROR"
    assert event["message"].startswith("The storage fails: ")
    assert "127.0.0.1" not in "".join(lines)
