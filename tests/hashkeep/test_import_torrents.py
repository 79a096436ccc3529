"""The command import_torrents; its tar and zip files are written by Python's own modules."""

import bz2
import gzip
import io
import os
import struct
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from archive.takedowns.takedown import take_down
from archive.torrents.count import count_torrents
from archive.torrents.retrieve import retrieve
from hashkeep.management.torrent_files import TorrentFile, TorrentFiles, UnreadableFile
from metainfo.infohash import parse_infohash
from tests import make
from tests.servers.hashkeep import Hashkeep

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

ONE, TWO, THREE = make.v1(b"one"), make.v1(b"two"), make.hybrid(b"three")
MAX = 10_000_000
SKIPPED = "not looked at: neither a torrent's name nor an archive's"


def run_import(*paths: Path, **options: object) -> str:
    """The output. If the command fails, the last line is its error and begins with `CommandError:`."""
    out = io.StringIO()
    try:
        call_command("import_torrents", *map(str, paths), stdout=out, **options)
    except CommandError as error:
        out.write(f"CommandError: {error}")
    return out.getvalue()


def parse_counts(summary: str) -> dict[str, int]:
    lines = (
        line.strip().partition(" ") for line in summary.splitlines() if not line.startswith("CommandError")
    )
    return {words: int(number.replace(",", "")) for number, _, words in lines}


def write_tar(path: Path, members: Mapping[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def write_zip(path: Path, members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def read_torrents(*paths: Path, max_bytes: int = MAX) -> tuple[dict[str, bytes], dict[str, str]]:
    items = list(TorrentFiles([str(path) for path in paths], max_bytes))
    return (
        {item.path: item.torrent for item in items if isinstance(item, TorrentFile)},
        {item.path: item.reason for item in items if isinstance(item, UnreadableFile)},
    )


def is_held(torrent: bytes) -> bool:
    return retrieve(parse_infohash(make.v1_hash(torrent))).torrent == torrent


# Sources of torrent -------------------------------------------------------------------------


def test_a_folder_without_a_torrent_is_reported(tmp_path: Path) -> None:
    assert "There was no torrent." in run_import(tmp_path)
    (tmp_path / "a.torrent").write_bytes(make.v1())
    assert "There was no torrent." not in run_import(tmp_path)


def test_a_folder_is_read_with_its_subfolders_and_other_files_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "in/a/b/c").mkdir(parents=True)
    (tmp_path / "in/one.torrent").write_bytes(ONE)
    (tmp_path / "in/a/TWO.TORRENT").write_bytes(TWO)
    (tmp_path / "in/a/b/c/three.torrent").write_bytes(THREE)
    (tmp_path / "in/a/readme.txt").write_text("d8:announce")
    (tmp_path / "in/a/07EB47EEE2A54D93AD69D7BCBC8AB4FA608A5656").write_bytes(ONE)
    assert parse_counts(run_import(tmp_path / "in")) == {"stored": 3, "held already": 0, SKIPPED: 2}
    assert is_held(ONE) and is_held(TWO) and is_held(THREE)


def test_compressed_torrents_are_stored_decompressed(tmp_path: Path) -> None:
    (tmp_path / "one.torrent.gz").write_bytes(gzip.compress(ONE))
    (tmp_path / "two.torrent.bz2").write_bytes(bz2.compress(TWO))
    (tmp_path / "three.gz").write_bytes(gzip.compress(THREE))
    assert parse_counts(run_import(tmp_path))["stored"] == 3
    assert is_held(ONE) and is_held(TWO) and is_held(THREE)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("a.tar", "w"),
        ("a.tar.gz", "w:gz"),
        ("a.TGZ", "w:gz"),
        ("a.tar.bz2", "w:bz2"),
        ("a.tar.xz", "w:xz"),
        ("a.gz", "w:gz"),
        ("compressed-though-its-name-does-not-say.tar", "w:gz"),
    ],
)
def test_every_torrent_in_a_tar_is_stored(tmp_path: Path, name: str, mode: str) -> None:
    members = {"x/one.torrent": ONE, "two.torrent.gz": gzip.compress(TWO), "x/readme": b"hello"}
    path = write_tar(tmp_path / name, members, mode)
    assert parse_counts(run_import(path)) == {"stored": 2, "held already": 0, SKIPPED: 1}
    assert is_held(ONE) and is_held(TWO)


# Transmission and Deluge write .added and .invalid, uTorrent .loaded, Vuze .imported, qBittorrent .qbt_rejected.
WATCHED = [
    "a.torrent.added",
    "a.torrent.loaded",
    "a.torrent.invalid",
    "a.torrent.imported",
    "a.torrent.qbt_rejected",
]
WATCHED += [
    "a.TORRENT.Added",
    "a.torrent~",
    "a.torrent.1",
    "a.torrent (1)",
    "a.torrent.bak",
    "a.torrent.added.1",
]


@pytest.mark.parametrize("name", WATCHED)
def test_names_that_watch_folders_give_are_torrents(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(make.v1())
    write_zip(tmp_path / "a.zip", {f"x/{name}": make.v1(b"zipped")})
    write_tar(tmp_path / "a.tar", {f"x/{name}": make.v1(b"tarred")})
    (tmp_path / "b.torrent.gz.added").write_bytes(gzip.compress(make.v1(b"gzipped")))
    torrents, unreadable = read_torrents(tmp_path)
    assert sorted(torrents.values()) == sorted(
        make.v1(name) for name in (b"a.bin", b"zipped", b"tarred", b"gzipped")
    )
    assert not unreadable


def test_other_names_are_passed_over(tmp_path: Path) -> None:
    for name in ("torrent.txt", "a.torrents", "torrents.added", "a.torrentx", "a.added"):
        (tmp_path / name).write_bytes(make.v1())
    assert read_torrents(tmp_path) == ({}, {})


def test_a_bzip2_file_of_several_streams_is_read_to_its_end(tmp_path: Path) -> None:
    """pbzip2 writes such files; Python's streaming mode stops after the first stream."""
    plain = write_tar(tmp_path / "plain", {"one.torrent": ONE, "two.torrent": TWO}).read_bytes()
    path = tmp_path / "a.tar.bz2"
    path.write_bytes(b"".join(bz2.compress(plain[at : at + 700]) for at in range(0, len(plain), 700)))
    assert parse_counts(run_import(path))["stored"] == 2


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_every_torrent_in_a_zip_is_stored(tmp_path: Path, method: int) -> None:
    members = {"x/one.torrent": ONE, "two.torrent.bz2": bz2.compress(TWO), "x/readme": b"hello"}
    assert parse_counts(run_import(write_zip(tmp_path / "a.zip", members, method))) == {
        "stored": 2,
        "held already": 0,
        SKIPPED: 1,
    }
    assert is_held(ONE) and is_held(TWO)


def test_archives_in_a_folder_are_opened(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar", {"one.torrent": ONE})
    write_zip(tmp_path / "b.zip", {"two.torrent": TWO})
    assert parse_counts(run_import(tmp_path))["stored"] == 2


def test_a_path_on_the_command_line_is_a_torrent_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "some-upload").write_bytes(ONE)
    assert parse_counts(run_import(tmp_path / "some-upload"))["stored"] == 1


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


# Malicious files


def test_links_to_folders_are_not_followed_as_they_may_lead_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "in/deep").mkdir(parents=True)
    (tmp_path / "in/deep/back").symlink_to(tmp_path / "in")
    (tmp_path / "in/self.torrent").symlink_to(tmp_path / "in/self.torrent")
    (tmp_path / "in/one.torrent").write_bytes(ONE)
    (tmp_path / "in/two.torrent").symlink_to(tmp_path / "in/one.torrent")
    found, unreadable = read_torrents(tmp_path / "in")
    assert set(found) == {str(tmp_path / "in/one.torrent"), str(tmp_path / "in/two.torrent")}
    assert set(unreadable) == {str(tmp_path / "in/deep/back"), str(tmp_path / "in/self.torrent")}


def test_a_member_whose_path_leaves_the_archive_writes_nothing_there(tmp_path: Path) -> None:
    members = {"../../outside.torrent": ONE, "/tmp/absolute.torrent": TWO}
    write_tar(tmp_path / "a.tar", members)
    write_zip(tmp_path / "b.zip", members)
    before = sorted(tmp_path.parent.rglob("*"))
    found, _ = read_torrents(tmp_path / "a.tar", tmp_path / "b.zip")
    assert list(found.values()) == [ONE, TWO] * 2
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_of_a_huge_file_at_most_one_byte_above_the_limit_is_read(tmp_path: Path) -> None:
    giant = bytes(5_000_000)
    (tmp_path / "plain.torrent").write_bytes(giant)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(giant))
    write_tar(tmp_path / "a.tar.gz", {"in-tar.torrent": giant}, "w:gz")
    write_zip(tmp_path / "b.zip", {"in-zip.torrent": giant})
    found, _ = read_torrents(tmp_path, max_bytes=1000)
    assert [len(data) for data in found.values()] == [1001] * 4


def test_a_compression_method_without_a_memory_bound_is_not_used(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"one.torrent": ONE}, zipfile.ZIP_BZIP2)
    assert read_torrents(path)[1].keys() == {f"{path}/one.torrent"}


def tar_header(size: bytes, kind: bytes) -> bytes:
    """A ustar header (POSIX 1003.1) whose size field is as given."""
    block = bytearray(512)
    block[0:4] = b"film"
    block[100:108], block[124:136] = b"0000644\0", size
    block[156:157], block[257:265] = kind, b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize("kind", [b"x", b"L", b"0"])
@pytest.mark.parametrize(
    "size", [b"77777777777\0", b"\xff" * 10 + struct.pack(">h", -512)], ids=["huge", "negative"]
)
def test_a_tar_header_with_a_false_size_is_harmless(tmp_path: Path, kind: bytes, size: bytes) -> None:
    """A negative size made Python read the same header for ever: CVE-2025-8194."""
    path = tmp_path / "a.tar.gz"
    headers = tar_header(b"00000000000\0", b"0") + tar_header(size, kind)
    path.write_bytes(gzip.compress(headers) + gzip.compress(bytes(10_000_000)) * 60)
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (400_000_000,) * 2)\n"
        "from hashkeep.management.torrent_files import TorrentFiles\n"
        "print(len(list(TorrentFiles(sys.argv[1:], 1000))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], timeout=60, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 1  # the archive, as unreadable


def test_an_archive_within_an_archive_is_reported(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner", {"one.torrent": ONE}).read_bytes()
    found, unreadable = read_torrents(write_tar(tmp_path / "a.tar", {"inner.zip": inner, "two.torrent": TWO}))
    assert list(found.values()) == [TWO]
    assert list(unreadable) == [f"{tmp_path}/a.tar/inner.zip"]


def test_names_with_line_ends_or_invalid_bytes_are_listed_on_one_line(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\x1b[31m\n.torrent"
    Path(os.fsdecode(path)).write_bytes(b"no")
    run_import(tmp_path, list_refused=str(tmp_path / "list"))
    [line] = (tmp_path / "list").read_text().splitlines()
    assert line.startswith(f"{tmp_path}/\\udcff\\x1b[31m\\n.torrent: ")


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
