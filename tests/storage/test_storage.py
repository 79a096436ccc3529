"""What every storage promises, held against each: a folder, and a bucket in a real S3 server."""

import hashlib
import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from storage import ObjectNotFound, ObjectTooLarge, Storage, open_storage

SHORT = "AB" * 20
KEY = f"{SHORT}.torrent"


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return open_storage(f"file://{tmp_path}/objects")
    return open_storage(request.getfixturevalue("bucket"))


@pytest.mark.parametrize("size", [0, 1, 30_000, 12_000_000])
def test_an_object_is_read_back_byte_for_byte(storage: Storage, size: int) -> None:
    data = random.Random(size).randbytes(size)
    assert storage.put(KEY, data) is True
    assert storage.get(KEY).data == data


def test_the_check_passes_before_and_after_the_first_object(storage: Storage) -> None:
    storage.check()
    storage.put(KEY, b"bytes")
    storage.check()


def test_a_second_put_does_not_replace_the_first(storage: Storage) -> None:
    storage.put(KEY, b"first")
    assert storage.put(KEY, b"second") is False
    assert storage.get(KEY).data == b"first"


def test_put_all_returns_the_keys_of_the_new_objects(storage: Storage) -> None:
    storage.put(KEY, b"first")
    many = {f"{number:040X}.torrent": b"%d" % number * 5000 for number in range(150)}
    assert storage.put_all({KEY: b"second", **many}) == many.keys()
    assert storage.put_all({}) == storage.put_all(many) == set()
    assert {key: storage.get(key).data for key in list(storage.keys())} == {KEY: b"first", **many}


def test_of_sixteen_concurrent_writers_exactly_one_stores_the_object(storage: Storage) -> None:
    storage.put(f"{'0' * 40}.torrent", b"so that S3 has been asked what it can do")
    for number in range(1, 6):
        key, together = f"{number:040X}.torrent", Barrier(16)

        def race(writer: int, key: str = key, together: Barrier = together) -> bool:
            together.wait()
            return storage.put(key, b"%d" % writer)

        with ThreadPoolExecutor(16) as threads:
            won = list(threads.map(race, range(16)))
        assert won.count(True) == 1
        assert storage.get(key).data == b"%d" % won.index(True)


def test_an_object_can_be_replaced(storage: Storage) -> None:
    storage.put(KEY, b"first")
    assert storage.put(KEY, b"second one", replace=True) is True
    assert storage.get(KEY).data == b"second one"


def test_replacing_needs_no_object_before(storage: Storage) -> None:
    assert storage.put(KEY, b"first", replace=True) is True
    assert storage.get(KEY).data == b"first"


def test_the_etag_stays_with_the_bytes(storage: Storage) -> None:
    storage.put(KEY, b"first")
    etag = storage.get(KEY).etag
    assert storage.get(KEY).etag == etag
    assert etag and '"' not in etag
    storage.put(KEY, b"second one", replace=True)
    assert storage.get(KEY).etag != etag


def test_an_object_over_the_limit_is_not_read(storage: Storage) -> None:
    storage.put(KEY, b"four")
    assert storage.get(KEY, 4).data == b"four"
    with pytest.raises(ObjectTooLarge):
        storage.get(KEY, 3)


def test_getting_an_absent_key_raises_ObjectNotFound(storage: Storage) -> None:
    with pytest.raises(ObjectNotFound):
        storage.get(KEY)


def test_a_deleted_object_is_gone_and_can_be_stored_again(storage: Storage) -> None:
    storage.put(KEY, b"first")
    storage.delete(KEY)
    with pytest.raises(ObjectNotFound):
        storage.get(KEY)
    assert list(storage.keys()) == []
    assert storage.put(KEY, b"second") is True


def test_deleting_nothing_is_no_error(storage: Storage) -> None:
    storage.delete(KEY)
    storage.delete(KEY)


def test_an_empty_storage_has_no_keys(storage: Storage) -> None:
    assert list(storage.keys()) == []


# In the order of the strings: a point comes before every digit, a digit before every letter.
IN_ORDER = [
    f"{'0' * 40}.torrent",
    f"{'0' * 64}.torrent",
    f"{'0' * 39}1.torrent",
    f"0A{'F' * 38}.torrent",
    f"A00{'1' * 61}.torrent",
    f"AB{'0' * 38}.torrent",
    f"{'AB' * 20}.torrent",
    f"{'AB' * 20}{'0' * 24}.torrent",
    f"{'AB' * 32}.torrent",
    f"{'F' * 40}.torrent",
    f"{'F' * 64}.torrent",
]


def test_keys_come_in_the_order_of_the_strings(storage: Storage) -> None:
    for key in random.Random(1).sample(IN_ORDER, len(IN_ORDER)):
        storage.put(key, b"")
    assert list(storage.keys()) == IN_ORDER


def test_keys_go_on_after_any_string(storage: Storage) -> None:
    for key in IN_ORDER:
        storage.put(key, b"")
    for place, key in enumerate(IN_ORDER, start=1):
        assert list(storage.keys(after=key)) == IN_ORDER[place:]
    assert list(storage.keys(after="A")) == IN_ORDER[4:]
    assert list(storage.keys(after="AB")) == IN_ORDER[5:]
    assert list(storage.keys(after="ABAC")) == IN_ORDER[9:]
    assert list(storage.keys(after=f"{'0' * 40}.torrent.damaged")) == IN_ORDER[1:]


def test_a_damaged_object_is_kept_but_not_listed(storage: Storage) -> None:
    storage.put(KEY, b"whole")
    storage.put(f"{KEY}.damaged", b"damaged")
    assert storage.get(f"{KEY}.damaged").data == b"damaged"
    assert list(storage.keys()) == [KEY]
    storage.delete(f"{KEY}.damaged")
    assert storage.get(KEY).data == b"whole"


NO_KEYS = [
    "",
    ".torrent",
    SHORT,
    f"{SHORT.lower()}.torrent",
    f"{SHORT[1:]}.torrent",
    f"{SHORT}A.torrent",
    f"{SHORT}.torrent\n",
    f"{SHORT}.torrent.damaged.damaged",
    f"../{SHORT}.torrent",
    f"/{SHORT}.torrent",
    "../../../../../../../../../etc/passwd",
    f"{SHORT[:-2]}\u0661\u0661.torrent",
]


@pytest.mark.parametrize("key", NO_KEYS)
def test_text_that_is_no_key_is_refused(storage: Storage, key: str) -> None:
    for act in (storage.get, storage.delete, storage.link):
        with pytest.raises(ValueError, match="is no key"):
            act(key)
    with pytest.raises(ValueError, match="is no key"):
        storage.put(key, b"")


def test_many_threads_put_and_get(storage: Storage) -> None:
    """Each under its own key, in folders not made before, and more than S3 lists at a time."""
    objects = {
        f"{hashlib.sha1(data).hexdigest().upper()}.torrent": data
        for data in map(str.encode, map(str, range(1100)))
    }
    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(storage.put, objects, objects.values()))
        assert [found.data for found in threads.map(storage.get, objects)] == list(objects.values())
    assert list(storage.keys()) == sorted(objects)


def test_only_a_folder_is_local(tmp_path: Path) -> None:
    assert open_storage(f"file://{tmp_path}").local is True
    assert open_storage("s3://torrents").local is False


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "starts with file:/// or s3://"),
        ("/srv/torrents", "starts with file:/// or s3://"),
        ("http://127.0.0.1/", "starts with file:/// or s3://"),
        ("file://torrents", "whole path"),
        ("file://relative/torrents", "whole path"),
        ("file:///srv/torrents?sync=no", "no options"),
        ("s3://", "bucket's name"),
        ("s3://key:secret@bucket", "no key or secret"),
        ("s3://b?endpoint=http://127.0.0.1:1", "has 3 to 63 letters"),
        ("s3://bucket/folder", "without a path"),
        ("s3://bucket?endpont=http://127.0.0.1", "no other option"),
        ("s3://bucket?endpoint=127.0.0.1:9000", "endpoint= is"),
        ("s3://bucket?links=private", "links= is public or presigned"),
        ("s3://bucket?links=public", "goes with public="),
        ("s3://bucket?public=https://torrents.example", "goes with public="),
        ("s3://bucket?links=public&public=torrents.example", "goes with public="),
    ],
)
def test_a_wrong_url_is_refused_with_the_reason(url: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        open_storage(url)


def test_opening_a_storage_changes_nothing(tmp_path: Path) -> None:
    """A check of the settings must not make the folder, and must not wait for a server."""
    open_storage(f"file://{tmp_path}/objects")
    assert os.listdir(tmp_path) == []
    open_storage("s3://torrents?endpoint=http://127.0.0.1:1")
