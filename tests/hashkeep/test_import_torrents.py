"""The command import_torrents; its tar and zip files are written by Python's own modules."""

import gzip
import io
import os
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from pytest_django import Settings

from archive.takedowns.takedown import take_down
from archive.torrents.count import count_torrents
from hashkeep.management.torrent_files import TorrentFiles
from metainfo.infohash import parse_infohash
from tests import make
from tests.import_files import MAX, ONE, TWO, parse_counts, read_torrents, run_import, write_tar, write_zip
from tests.servers.hashkeep import Hashkeep

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


# Output of an import


def test_a_second_run_stores_nothing(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"one.torrent": ONE, "two.torrent": TWO})
    run_import(path)
    assert parse_counts(run_import(path)) == {"stored": 0, "held already": 2}
    assert count_torrents() == 2


def test_refused_files_are_counted_by_reason_and_listed_with_their_path(
    tmp_path: Path, settings: Settings
) -> None:
    settings.MAX_TORRENT_BYTES = 5_000
    take_down(parse_infohash(make.v1_hash(TWO)), "Court order")
    folder = tmp_path / "in"
    folder.mkdir()
    files = {
        "fine": ONE,
        "blocked": TWO,
        "empty": b"",
        "no": b"<html>Not found</html>",
        "cut": ONE[:-20],
        "secret": make.v1(b"secret", private=1),
        "large": make.v1(b"large", 16_384 * 300),
        "bomb.torrent.gz": gzip.compress(bytes(1_000_000)),
    }
    for name, data in files.items():
        (folder / (name if "." in name else f"{name}.torrent")).write_bytes(data)
    assert parse_counts(run_import(folder, list_refused=str(tmp_path / "list"))) == {
        "stored": 1,
        "held already": 0,
        "refused: taken down": 1,
        "refused: an empty file": 1,
        "refused: not a torrent": 1,
        "refused: cut off in the middle": 1,
        "refused: private (PRIVATE_TORRENTS=keep would take them)": 1,
        "refused: larger than MAX_TORRENT_BYTES": 2,
    }
    lines = (tmp_path / "list").read_text().splitlines()
    assert len(lines) == 7
    assert f"{folder}/blocked.torrent: This torrent was taken down: Court order" in lines
    assert "--list-refused" in run_import(folder), "it says how to learn which they were"


def test_an_unreadable_file_does_not_stop_the_import(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar.gz", {f"{n}.torrent": make.v1(b"%d" % n) for n in range(100)}, "w:gz")
    path.write_bytes(path.read_bytes()[:-2000])
    (tmp_path / "b.zip").write_bytes(b"PK\3\4 and no more")
    (tmp_path / "c.tar").write_bytes(b"")
    (tmp_path / "d.torrent").symlink_to(tmp_path / "nowhere")
    (tmp_path / "e.torrent").write_bytes(ONE)
    said = run_import(tmp_path, list_refused=str(tmp_path / "list"))
    assert said.endswith("CommandError: 4 could not be read, or not to the end.")
    found = parse_counts(said)
    assert found["could not be read"] == 4
    assert 1 < found["stored"] < 101
    assert {line.partition(":")[0] for line in (tmp_path / "list").read_text().splitlines()} == {
        str(tmp_path / name) for name in ("a.tar.gz", "b.zip", "c.tar", "d.torrent")
    }


def test_a_damaged_member_of_a_zip_loses_that_member_alone(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"one.torrent": ONE, "two.torrent": TWO}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"6:pieces", b"6:places", 1))
    found, unreadable = read_torrents(path)
    assert found == {f"{path}/two.torrent": TWO}
    assert "CRC" in unreadable[f"{path}/one.torrent"]


def test_a_damaged_header_in_a_tar_is_not_mistaken_for_its_end(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"one.torrent": ONE, "two.torrent": TWO})
    path.write_bytes(path.read_bytes().replace(b"two.torrent", b"two.torrenX"))
    found, unreadable = read_torrents(path)
    assert found == {f"{path}/one.torrent": ONE}
    assert "damaged" in unreadable[str(path)]


def test_a_file_without_read_permission_is_reported(tmp_path: Path) -> None:
    """As another user, since root may read everything."""
    (tmp_path / "a.torrent").write_bytes(ONE)
    (tmp_path / "a.torrent").chmod(0)
    script = (
        "import os, sys\n"
        "from hashkeep.management.torrent_files import TorrentFiles\n"
        "os.getuid() or os.setuid(65534)\n"
        "print(*TorrentFiles(sys.argv[1:], 1000))"
    )
    for folder in (tmp_path, *list(tmp_path.parents)[:2]):
        folder.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True)
    assert "Permission denied" in done.stdout, done.stderr


def test_a_path_that_does_not_exist_stops_the_import_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "one.torrent").write_bytes(ONE)
    assert run_import(tmp_path, tmp_path / "nowhere").startswith("CommandError: No such file or folder: ")
    assert count_torrents() == 0


def test_an_unreachable_storage_stops_the_import_which_can_be_resumed(
    tmp_path: Path, objects: Path, settings: Settings
) -> None:
    (tmp_path / "one.torrent").write_bytes(ONE)
    objects.write_text("a file where the folder should be")
    assert "run the same command again" in run_import(tmp_path / "one.torrent")
    assert count_torrents() == 0
    objects.unlink()
    assert parse_counts(run_import(tmp_path / "one.torrent"))["stored"] == 1


def test_the_import_fails_if_nothing_was_taken_but_not_if_some_were_refused(tmp_path: Path) -> None:
    (tmp_path / "no.torrent").write_bytes(b"<html>Not found</html>")
    assert run_import(tmp_path).endswith("CommandError: Nothing was taken.")
    (tmp_path / "one.torrent").write_bytes(ONE)
    assert "CommandError" not in run_import(tmp_path)
    (tmp_path / "empty").mkdir()
    assert "CommandError" not in run_import(tmp_path / "empty"), (
        "a timer looks into an inbox that has nothing new"
    )


def test_the_exit_code_is_1_for_a_path_that_does_not_exist(tmp_path: Path) -> None:
    archive = Hashkeep(tmp_path)
    archive.migrate()
    done = archive.manage("import_torrents", "/nowhere/at/all", may_fail=True)
    assert done.returncode == 1
    assert "/nowhere/at/all" in done.stderr


# Size


def test_the_progress_ends_at_the_total(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar.gz", {f"{n}.torrent": make.v1(b"%d" % n) for n in range(50)}, "w:gz")
    write_tar(tmp_path / "b.tar", {"one.torrent": ONE, "a film": bytes(1_000_000)})
    (tmp_path / "one.torrent").write_bytes(ONE)
    (tmp_path / "two.txt").write_bytes(TWO)
    torrent_files = TorrentFiles([str(tmp_path)], MAX)
    steps = [torrent_files.bytes_read for _ in torrent_files]
    assert steps == sorted(steps)
    assert (
        torrent_files.bytes_read
        == torrent_files.total_bytes()
        == sum((tmp_path / name).stat().st_size for name in ("a.tar.gz", "b.tar", "one.torrent"))
    )


def test_memory_does_not_grow_with_the_number_of_members(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {f"{n}.torrent": b"" for n in range(20_000)})
    tracemalloc.start()
    try:
        assert sum(1 for _ in TorrentFiles([str(path)], MAX)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


IMPORT = """
import os, resource, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "hashkeep.settings"
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("import_torrents", sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
call_command("import_torrents", sys.argv[2])
print("grown by", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_what_is_imported(tmp_path: Path) -> None:
    """300 MB of torrents after 35 MB of them: the first fill a batch, the others must not take more."""
    pieces = make.random_bytes(100_000, b"pieces")
    for name, numbers in (("few.tar", range(350)), ("many.tar", range(1000, 4000))):
        with tarfile.open(tmp_path / name, "w") as archive:
            for n in numbers:
                torrent = make.wrap_info(
                    {b"length": 16_384 * 5000, b"name": b"%d" % n, b"piece length": 16_384, b"pieces": pieces}
                )
                info = tarfile.TarInfo(f"{n}.torrent")
                info.size = len(torrent)
                archive.addfile(info, io.BytesIO(torrent))
    env = os.environ | {"DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": ""}
    command = [sys.executable, "-c", IMPORT, str(tmp_path / "few.tar"), str(tmp_path / "many.tar")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=250)
    assert "3,000 stored" in done.stdout, done.stderr
    grown = int(done.stdout.rpartition("grown by ")[2])  # kilobytes
    assert grown < 8_000
