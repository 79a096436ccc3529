"""The command serve: its checks at the start, and its end by Ctrl+C."""

import os
import signal
import socket
from pathlib import Path

import pytest
import requests

from tests import make
from tests.servers.hashkeep import Hashkeep, hashkeep


def test_a_port_in_use_is_reported(server: Hashkeep, tmp_path: Path) -> None:
    """granian would share the port, and uploads would go into either archive."""
    second = Hashkeep(tmp_path, PORT=server.port).manage("serve", may_fail=True)
    assert second.returncode != 0
    assert f"It cannot listen on 127.0.0.1, port {server.port}: Address already in use." in second.stderr
    assert "Hashkeep answers at" not in second.stderr


def test_a_data_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    done = Hashkeep(tmp_path, DATA_DIR=tmp_path / "file" / "data", SECRET_KEY="").manage(
        "serve", may_fail=True
    )
    assert f"DATA_DIR cannot be used: {tmp_path}/file/data" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_without_tables_is_reported_before_the_server_answers(tmp_path: Path) -> None:
    done = Hashkeep(tmp_path).manage("serve", may_fail=True)
    assert "run manage.py migrate first" in done.stderr
    assert "Hashkeep answers at" not in done.stderr


@pytest.mark.parametrize(
    "command", [("keys", "list"), ("import_torrents", "."), ("scrub",), ("match_films",)]
)
def test_a_command_that_needs_the_tables_says_that_they_are_missing(
    tmp_path: Path, command: list[str]
) -> None:
    done = Hashkeep(tmp_path).manage(*command, may_fail=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "run manage.py migrate first" in done.stderr
    assert "index" not in done.stderr and "again" not in done.stderr


def test_an_unusable_storage_is_logged_at_the_start(tmp_path: Path) -> None:
    archive = Hashkeep(tmp_path, STORAGE_URL="file:///proc/none")
    archive.migrate()
    archive.start()
    try:
        before, _, _ = archive.log.read_text().partition("Hashkeep answers at")
        assert "The storage fails: /proc" in before
    finally:
        archive.kill()


def test_a_command_after_an_upgrade_says_that_a_migration_is_due(tmp_path: Path) -> None:
    archive = Hashkeep(tmp_path)
    archive.migrate()
    assert archive.manage("keys", "list").stderr == ""
    archive.manage(
        "shell",
        "-c",
        "from django.db.migrations.recorder import MigrationRecorder\n"
        "MigrationRecorder.Migration.objects.filter(app='archive').last().delete()",
    )
    assert "run manage.py migrate first" in archive.manage("keys", "list", may_fail=True).stderr


def test_an_unfinished_takedown_is_finished_before_the_server_answers(tmp_path: Path) -> None:
    """The folder is unreadable between the block and the deletion, and readable again afterwards."""
    torrent = make.v1()
    with hashkeep(tmp_path) as running:
        assert requests.post(f"{running.url}/upload", files={"torrent": torrent}, timeout=60).ok
        [file] = running.torrents.rglob("*.torrent")
        file.unlink()
        file.mkdir()
        running.manage("take_down", make.v1_hash(torrent), "--reason", "Court order", may_fail=True)
        file.rmdir()
        file.write_bytes(torrent)
        url = f"{running.url}/torrent/{make.v1_hash(torrent)}.torrent"
        assert requests.get(url, timeout=60).content == torrent  # served from the disk, without the database
        running.kill()
        running.start()
        assert requests.get(url, timeout=60).status_code == 451
        assert not file.exists()


@pytest.mark.parametrize("web_server", ["granian", "gunicorn"])
def test_ctrl_c_ends_every_process(tmp_path: Path, web_server: str) -> None:
    """The terminal sends it to every process of the group."""
    with hashkeep(tmp_path, server=web_server) as running:
        running.kill(signal.SIGINT)
        assert not running.answers()


@pytest.mark.parametrize(
    ("web_server", "module"), [("granian", "hashkeep.granian_server"), ("gunicorn", "gunicorn")]
)
def test_ctrl_c_ends_a_worker_that_missed_the_signal_too(
    tmp_path: Path, web_server: str, module: str
) -> None:
    """A worker that gets the signal while it starts may miss it; gunicorn waits half a minute for such a one."""
    with hashkeep(tmp_path, server=web_server) as running:
        *_, worker = (one for one in running.processes("-m", module) if one != running.pid)
        os.kill(worker, signal.SIGSTOP)
        running.kill(signal.SIGINT)
        assert not running.answers()


def test_http_2_is_not_spoken(server: Hashkeep) -> None:
    """granian 2.8.7 loops for ever at an HTTP/2 upload that breaks off, so that HTTP/1 alone is on."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as raw:
        raw.sendall(preface)
        assert not raw.recv(100).startswith(b"\x00")  # no HTTP/2 settings frame
    assert requests.post(f"{server.url}/upload", files={"torrent": make.v1(b"h1")}, timeout=60).ok
