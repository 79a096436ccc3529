"""A folder of objects against what disks and operators do to it. Mounting disks needs root, as CI is."""

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from urllib.request import urlopen

import pytest

from storage import ObjectNotFound, StorageUnavailable
from storage.filesystem import Filesystem
from tests.servers.nginx import nginx

KEY = f"{'AB' * 20}.torrent"
OTHER = f"ABAB{'0' * 36}.torrent"


@contextmanager
def mount_folder(what: list[str], folder: Path) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", *what, str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mount_folder(["-t", "tmpfs", "-o", "size=64k", "tmpfs"], tmp_path / "disk") as disk:
        yield disk


def list_unfinished(folder: Path) -> list[Path]:
    return list((folder / ".incoming").iterdir())


def list_whole_objects(storage: Filesystem) -> set[str]:
    """The keys, once each object has been seen to hash to its name."""
    keys = set(storage.keys())
    for key in keys:
        assert hashlib.sha1(storage.get(key).data).hexdigest().upper() + ".torrent" == key
    return keys


def test_an_object_lies_under_its_first_two_bytes(tmp_path: Path) -> None:
    Filesystem(tmp_path).put(f"0123{'F' * 36}.torrent", b"bytes")
    assert (tmp_path / "01" / "23" / f"0123{'F' * 36}.torrent").read_bytes() == b"bytes"


def test_nginx_gives_the_same_etag_for_the_same_folder(tmp_path: Path) -> None:
    storage = Filesystem(tmp_path)
    storage.put(KEY, b"x" * 30_000)
    with nginx(f"server {{ listen 80; root {tmp_path}; }}") as url, urlopen(f"{url}/AB/AB/{KEY}") as answer:
        assert answer.headers["ETag"] == f'"{storage.get(KEY).etag}"'


def test_other_files_are_not_keys(tmp_path: Path) -> None:
    storage = Filesystem(tmp_path)
    storage.put(KEY, b"bytes")
    for stray in [
        "notes.txt",
        "AB/notes.txt",
        "AB/AB/notes.txt",
        f"AB/AB/{KEY.lower()}",
        f"AB/AB/{'CD' * 20}.torrent",
    ]:
        (tmp_path / stray).write_bytes(b"stray")
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "ab" / "ab").mkdir(parents=True)
    (tmp_path / "ab" / "ab" / KEY).write_bytes(b"stray")
    assert list(storage.keys()) == [KEY]


def test_no_unfinished_file_stays(tmp_path: Path) -> None:
    storage = Filesystem(tmp_path)
    storage.put(KEY, b"first")
    storage.put(KEY, b"second")
    storage.put(KEY, b"third", replace=True)
    assert list_unfinished(tmp_path) == []


def test_files_that_a_crash_left_unfinished_are_removed_at_the_next_start(tmp_path: Path) -> None:
    Filesystem(tmp_path).put(KEY, b"bytes")
    old, young = tmp_path / ".incoming" / "old", tmp_path / ".incoming" / "young"
    for file in (old, young):
        file.write_bytes(b"half of a tor")
    os.utime(old, (time.time() - 7200,) * 2)
    Filesystem(tmp_path).put(f"{'0' * 40}.torrent", b"bytes")
    assert list_unfinished(tmp_path) == [young], "the young one may be a neighbour's, still being written"


def test_a_full_disk_refuses_and_keeps_what_it_has(small_disk: Path) -> None:
    storage, bytes_of = Filesystem(small_disk), [Random(n).randbytes(30_000) for n in range(3)]
    keys = [f"{hashlib.sha1(data).hexdigest().upper()}.torrent" for data in bytes_of]
    assert storage.put(keys[0], bytes_of[0])
    assert storage.put(keys[1], bytes_of[1])
    with pytest.raises(StorageUnavailable, match="No space left on device"):
        storage.put(keys[2], bytes_of[2])
    with pytest.raises(StorageUnavailable, match="all but full"):
        storage.check()
    assert list_whole_objects(storage) == set(keys[:2])
    assert list_unfinished(small_disk) == []
    with pytest.raises(ObjectNotFound):
        storage.get(keys[2])
    storage.delete(keys[0])
    assert storage.put(keys[2], bytes_of[2])


def test_a_batch_that_fills_the_disk_leaves_no_partial_object(small_disk: Path) -> None:
    storage = Filesystem(small_disk)
    many = [Random(number).randbytes(10_000) for number in range(9)]
    objects = {f"{hashlib.sha1(data).hexdigest().upper()}.torrent": data for data in many}
    with pytest.raises(StorageUnavailable, match="No space left on device"):
        storage.put_all(objects)
    assert list_whole_objects(storage) < objects.keys()
    assert list_unfinished(small_disk) == []


def test_a_full_disk_does_not_lose_the_object_that_was_to_be_replaced(small_disk: Path) -> None:
    storage = Filesystem(small_disk)
    storage.put(KEY, b"first" * 6000)
    with pytest.raises(StorageUnavailable, match="No space left on device"):
        storage.put(KEY, b"second" * 6000, replace=True)
    assert storage.get(KEY).data == b"first" * 6000


def test_a_read_only_disk_refuses_writes_and_still_serves_reads(small_disk: Path) -> None:
    storage = Filesystem(small_disk)
    storage.put(KEY, b"bytes")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for refused in (lambda: storage.put(OTHER, b""), lambda: storage.delete(KEY)):
        with pytest.raises(StorageUnavailable, match="Read-only file system"):
            refused()
    with pytest.raises(StorageUnavailable, match="cannot be written to"):
        storage.check()
    assert storage.get(KEY).data == b"bytes"
    assert list(storage.keys()) == [KEY]


def test_a_folder_without_permission_is_unavailable_not_empty(tmp_path: Path) -> None:
    storage = Filesystem(tmp_path)
    storage.put(KEY, b"bytes")
    tmp_path.chmod(0)
    user = os.geteuid()
    os.seteuid(65534)
    try:
        for refused in (
            lambda: storage.get(KEY),
            lambda: storage.put(KEY, b""),
            lambda: list(storage.keys()),
        ):
            with pytest.raises(StorageUnavailable, match="Permission denied"):
                refused()
    finally:
        os.seteuid(user)
        tmp_path.chmod(0o700)


def test_a_file_in_the_place_of_the_folder_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "objects").write_bytes(b"")
    storage = Filesystem(tmp_path / "objects")
    for refused in (lambda: storage.get(KEY), lambda: storage.put(KEY, b""), lambda: list(storage.keys())):
        with pytest.raises(StorageUnavailable):
            refused()


def test_a_folder_that_goes_away_is_not_made_anew(tmp_path: Path) -> None:
    """An unmounted disk: what is put beside it would be lost when it comes back."""
    store, key = Filesystem(tmp_path / "disk"), f"{'AB' * 20}.torrent"
    store.put(key, b"one")
    (tmp_path / "disk").rename(tmp_path / "elsewhere")
    for _ in range(3):
        with pytest.raises(StorageUnavailable):
            store.put(f"{'CD' * 20}.torrent", b"two")
        with pytest.raises(StorageUnavailable, match="empty or gone"):
            store.check()
    (tmp_path / "elsewhere").rename(tmp_path / "disk")
    assert store.put(f"{'CD' * 20}.torrent", b"two")
    assert store.get(key).data == b"one"


@pytest.mark.parametrize("gone", ["AB/AB", "AB", ".incoming"])
def test_a_folder_in_the_store_that_goes_away_is_made_again(tmp_path: Path, gone: str) -> None:
    """As by `find -empty -delete`."""
    store = Filesystem(tmp_path)
    store.put(f"0000{'F' * 36}.torrent", b"so that the store is not empty")
    store.put(KEY, b"one")
    store.delete(KEY)
    shutil.rmtree(tmp_path / gone)
    objects = {f"0000{'E' * 36}.torrent": b"two", KEY: b"three"}
    assert store.put_all(objects) == objects.keys()
    assert store.get(KEY).data == b"three"
    assert list_unfinished(tmp_path) == []


def test_an_empty_mount_point_is_not_taken_for_the_storage(tmp_path: Path) -> None:
    """After a start without the disk. What had been put there would be hidden when the disk comes back."""
    disk = tmp_path / "disk"
    with mount_folder(["-t", "tmpfs", "tmpfs"], disk):
        assert Filesystem(disk).put(KEY, b"one")
    store = Filesystem(disk, is_new_archive=lambda: False)
    with pytest.raises(
        StorageUnavailable,
        match=f"{disk} is empty or gone, though torrents are held: its disk is not mounted",
    ):
        store.put(OTHER, b"two")
    assert list(disk.iterdir()) == []


@pytest.mark.parametrize("left", [".incoming", "AB"])
def test_a_copied_storage_is_recognized_by_its_objects(tmp_path: Path, left: str) -> None:
    tmp_path.joinpath("disk", left).mkdir(parents=True)
    assert Filesystem(tmp_path / "disk", is_new_archive=lambda: False).put(KEY, b"one")


def test_the_first_torrent_of_another_process_is_no_reason_to_refuse(tmp_path: Path) -> None:
    """The other stores its object and its row between this one's look at the folder and its look at the rows."""
    other = Filesystem(tmp_path / "torrents")

    def is_new_archive() -> bool:
        other.put(KEY, b"one")
        return False

    store = Filesystem(tmp_path / "torrents", is_new_archive)
    assert store.put(OTHER, b"two")
