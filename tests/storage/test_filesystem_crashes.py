"""A folder of objects after kill -9 and after power failures. Mounting disks needs root, as CI is."""

import fcntl
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from storage.filesystem import Filesystem
from tests.storage.test_filesystem import KEY, OTHER, list_whole_objects, mount_folder

ROOT = Path(__file__).parent.parent.parent

# <linux/ext4.h>: how xfstests simulates a power failure, which loses all that was not synced.
EXT4_IOC_SHUTDOWN, NOLOGFLUSH = 0x8004587D, 2

# Puts objects without end, and prints the key of each as soon as it is acknowledged.
WRITER = """
import hashlib, itertools, pathlib, sys
from storage.filesystem import Filesystem
storage = Filesystem(pathlib.Path(sys.argv[1]))
for number in itertools.count():
    data = f"{sys.argv[2]} {number} ".encode() * 3000
    key = hashlib.sha1(data).hexdigest().upper() + ".torrent"
    assert storage.put(key, data)
    print(key, flush=True)
"""


def test_kill_9_in_the_middle_of_puts_leaves_whole_objects(tmp_path: Path) -> None:
    acknowledged: set[str] = set()
    for seed in range(6):
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(seed)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout
            first = writer.stdout.readline()
            time.sleep(Random(seed).random() / 20)
            writer.kill()
            # The last line may be cut short by the kill.
            acknowledged |= {line.strip() for line in [first, *writer.stdout] if line.endswith("\n")}
    assert len(acknowledged) >= 6
    assert acknowledged <= list_whole_objects(Filesystem(tmp_path))


@contextmanager
def simulate_power_failure(image: Path, disk: Path) -> Iterator[None]:
    """What is done inside is done on a real journaled disk, then cut off: what was not synced is lost."""
    with mount_folder(["-o", "loop", str(image)], disk):
        yield
        handle = os.open(disk, os.O_RDONLY)
        fcntl.ioctl(handle, EXT4_IOC_SHUTDOWN, struct.pack("I", NOLOGFLUSH))
        os.close(handle)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    with (tmp_path / "image").open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", file.name], check=True)
    return tmp_path / "image"


def put_after_another_process_was_killed(root: Path) -> None:
    """The link is there, but its folder has not been synced."""
    storage = Filesystem(root)
    storage.put(OTHER, b"so that the folder is there")
    (root / "half-way").write_bytes(b"first")
    os.sync()
    os.link(root / "half-way", root / "AB" / "AB" / KEY)
    assert storage.put(KEY, b"second") is False


def replace(root: Path) -> None:
    Filesystem(root).put(KEY, b"before")
    Filesystem(root).put(KEY, b"first", replace=True)


def delete(root: Path) -> None:
    Filesystem(root).put(KEY, b"before")
    Filesystem(root).delete(KEY)


def delete_after_another_process_deleted(root: Path) -> None:
    Filesystem(root).put(KEY, b"before")
    (root / "AB" / "AB" / KEY).unlink()
    Filesystem(root).delete(KEY)


MANY = {f"{number:02X}{number:02X}{'E' * 36}.torrent": b"%d" % number for number in range(1, 200, 3)}


def test_a_power_failure_undoes_none_of_many(image: Path, tmp_path: Path) -> None:
    root = tmp_path / "disk" / "objects"
    with simulate_power_failure(image, tmp_path / "disk"):
        assert Filesystem(root).put_all(MANY) == MANY.keys()
    with mount_folder(["-o", "loop", str(image)], tmp_path / "disk"):
        storage = Filesystem(root)
        assert {key: storage.get(key).data for key in list(storage.keys())} == MANY


@pytest.mark.parametrize(
    ("act", "left"),
    [
        (lambda root: Filesystem(root).put(KEY, b"first"), b"first"),
        (lambda root: Filesystem(root).put_all({OTHER: b"another", KEY: b"first"}), b"first"),
        (put_after_another_process_was_killed, b"first"),
        (replace, b"first"),
        (delete, None),
        (delete_after_another_process_deleted, None),
    ],
    ids=["put", "put of many", "put by another process", "replace", "delete", "delete by another process"],
)
def test_a_power_failure_undoes_nothing_that_was_acknowledged(
    image: Path, tmp_path: Path, act: Callable[[Path], object], left: bytes | None
) -> None:
    root = tmp_path / "disk" / "new" / "objects"
    with simulate_power_failure(image, tmp_path / "disk"):
        os.sync()
        act(root)
    with mount_folder(["-o", "loop", str(image)], tmp_path / "disk"):
        storage = Filesystem(root)
        found = {key: storage.get(key).data for key in list(storage.keys())}
    assert found.get(KEY) == left
