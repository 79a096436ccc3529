"""A disk without room for another byte: what is here is handed out, and what must go goes.

Mounting disks needs root, as CI is.
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
from tests.storage.test_filesystem import mounted


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Hashkeep]:
    """With four torrents, on a disk of its own."""
    with mounted(["-t", "tmpfs", "-o", "size=40m", "tmpfs"], tmp_path / "disk") as disk:
        archive = Hashkeep(disk)
        archive.migrate()
        archive.start()
        try:
            store_torrents(archive, range(4))
            yield archive
        finally:
            archive.kill(signal.SIGTERM)  # the workers first, so that nobody holds the disk


def crowd(disk: Path) -> None:
    """To the last byte."""
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
    """Also those that a process counts which has counted nothing yet."""
    crowd(archive.folder)
    for name in hash_objects(archive):
        assert status(f"{archive.url}/torrent/{name}") == 200
    assert "Unexpected exit" not in archive.log.read_text()


def test_a_full_disk_takes_one_takedown_after_the_other(archive: Hashkeep) -> None:
    for name in hash_objects(archive):
        crowd(archive.folder)
        assert status(f"{archive.url}/torrent/{name}") == 200
        archive.manage("take_down", name, "--reason", "Court order 12/2026")
        assert status(f"{archive.url}/torrent/{name}") == 451
    assert hash_objects(archive) == {}


def test_so_it_does_where_no_server_has_the_index_open(archive: Hashkeep) -> None:
    """SQLite then cannot even read: there is no room for what its readers share."""
    archive.kill(signal.SIGTERM)
    name, *_ = hash_objects(archive)
    crowd(archive.folder)
    archive.manage("take_down", name, "--reason", "Court order 12/2026")
    assert name not in hash_objects(archive)
    (archive.folder / "rest").unlink()
    archive.start()
    assert status(f"{archive.url}/torrent/{name}") == 451


def test_where_there_is_room_the_ballast_stays(archive: Hashkeep) -> None:
    ballast = archive.folder / "ballast"
    before = ballast.stat()
    archive.manage("take_down", next(iter(hash_objects(archive))), "--reason", "Court order 12/2026")
    assert ballast.stat()[:9] == before[:9], "the same file, never written again"
    assert before.st_blocks * 512 >= before.st_size > 0


def test_a_full_disk_takes_lists_and_what_was_blocked_can_be_lifted(
    archive: Hashkeep, tmp_path: Path
) -> None:
    names = list(hash_objects(archive))
    digests = tmp_path / "digests.txt"
    digests.write_text(
        "\n".join(hashlib.sha256(bytes.fromhex(Path(name).stem)).hexdigest() for name in names)
    )
    crowd(archive.folder)
    archive.manage("blocklist", f"hashed:{digests}")
    assert {status(f"{archive.url}/torrent/{name}") for name in names} == {451}
    for name in names:
        crowd(archive.folder)
        archive.manage("take_down", name, "--lift")
    assert {status(f"{archive.url}/torrent/{name}") for name in names} == {404}
