"""A disk without space for another byte: downloads go on, and takedowns succeed.

Mounting disks needs root, which CI is.
"""

import hashlib
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from bench.mirror import hash_objects, store_torrents
from tests.servers.hashkeep import Hashkeep
from tests.storage.test_filesystem import mount_folder


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Hashkeep]:
    """An archive with four torrents, on a disk of its own."""
    with mount_folder(["-t", "tmpfs", "-o", "size=40m", "tmpfs"], tmp_path / "disk") as disk:
        archive = Hashkeep(disk)
        archive.migrate()
        archive.start()
        try:
            store_torrents(archive, range(4))
            yield archive
        finally:
            archive.kill(
                signal.SIGTERM
            )  # also its workers, so that no process keeps the disk from being unmounted


def fill_disk(disk: Path) -> None:
    """Fill the disk to its last byte."""
    with (disk / "rest").open("ab", buffering=0) as file:
        for size in (1_000_000, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass
    assert os.statvfs(disk).f_bavail == 0


def status(url: str) -> int:
    try:
        with urlopen(url) as answer:
            return int(answer.status)
    except HTTPError as refused:
        return refused.code


def test_downloads_go_on_while_the_disk_is_full(archive: Hashkeep) -> None:
    """Also if a process counts its first download, for which it would create a file."""
    fill_disk(archive.folder)
    for key in hash_objects(archive):
        assert status(f"{archive.url}/torrent/{key}") == 200
    assert "Unexpected exit" not in archive.log.read_text()


def test_a_full_disk_takes_one_takedown_after_the_other(archive: Hashkeep) -> None:
    for key in hash_objects(archive):
        fill_disk(archive.folder)
        assert status(f"{archive.url}/torrent/{key}") == 200
        archive.manage("take_down", key, "--reason", "Court order 12/2026")
        assert status(f"{archive.url}/torrent/{key}") == 451
    assert hash_objects(archive) == {}


def test_a_full_disk_takes_a_takedown_while_no_server_has_the_database_open(archive: Hashkeep) -> None:
    """SQLite then cannot even read: there is no space for the file that its readers share."""
    archive.kill(signal.SIGTERM)
    key, *_ = hash_objects(archive)
    fill_disk(archive.folder)
    archive.manage("take_down", key, "--reason", "Court order 12/2026")
    assert key not in hash_objects(archive)
    (archive.folder / "rest").unlink()
    archive.start()
    assert status(f"{archive.url}/torrent/{key}") == 451


def test_the_disk_reserve_stays_while_there_is_space(archive: Hashkeep) -> None:
    reserve = archive.folder / "ballast"
    before = reserve.stat()
    archive.manage("take_down", next(iter(hash_objects(archive))), "--reason", "Court order 12/2026")
    assert reserve.stat()[:9] == before[:9], "the same file, never written again"
    assert before.st_blocks * 512 >= before.st_size > 0


def test_a_full_disk_takes_blocklists_and_lifts_of_takedowns(archive: Hashkeep, tmp_path: Path) -> None:
    keys = list(hash_objects(archive))
    digests = tmp_path / "digests.txt"
    digests.write_text("\n".join(hashlib.sha256(bytes.fromhex(Path(key).stem)).hexdigest() for key in keys))
    fill_disk(archive.folder)
    archive.manage("blocklist", f"hashed:{digests}")
    assert {status(f"{archive.url}/torrent/{key}") for key in keys} == {451}
    for key in keys:
        fill_disk(archive.folder)
        archive.manage("take_down", key, "--lift")
    assert {status(f"{archive.url}/torrent/{key}") for key in keys} == {404}
