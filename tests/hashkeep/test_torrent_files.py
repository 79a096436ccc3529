"""What an import reads: torrents, compressed or not, in folders, tar and zip; also malicious ones."""

import bz2
import gzip
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import make
from tests.import_files import (
    ONE,
    SKIPPED,
    THREE,
    TWO,
    is_held,
    parse_counts,
    read_torrents,
    run_import,
    write_tar,
    write_zip,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


# Where torrents come from


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
