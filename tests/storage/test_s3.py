"""A bucket: links, error messages, servers of other makes. What every store does is in test_storage.py."""

import socket
import time
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from storage import ObjectNotFound, StorageUnavailable, open_storage
from tests.servers.odd_s3_server import Oddity, odd_s3_server
from tests.servers.radosgw import Radosgw

KEY = f"{'AB' * 20}.torrent"


def name_of(bucket: str) -> str:
    return bucket.removeprefix("s3://").partition("?")[0]


def test_an_object_is_served_as_a_torrent_that_never_changes(gateway: Radosgw, bucket: str) -> None:
    open_storage(bucket).put(KEY, b"bytes")
    head = gateway.client.head_object(Bucket=name_of(bucket), Key=KEY)
    assert head["ContentType"] == "application/x-bittorrent"
    assert head["CacheControl"] == "public, max-age=31536000, immutable"


def test_other_objects_are_not_keys(gateway: Radosgw, bucket: str) -> None:
    storage = open_storage(bucket)
    storage.put(KEY, b"bytes")
    for stray in ["notes.txt", KEY.lower(), f"AB/AB/{KEY}", f"{KEY}.damaged", f"{KEY}~"]:
        gateway.client.put_object(Bucket=name_of(bucket), Key=stray, Body=b"stray")
    assert list(storage.keys()) == [KEY]


def test_there_is_no_link_unless_the_url_asks_for_links(bucket: str) -> None:
    assert open_storage(bucket).link(KEY) is None


def test_a_public_link_is_the_key_below_the_public_url(bucket: str) -> None:
    for base in ("https://torrents.example/t", "https://torrents.example/t/"):
        storage = open_storage(f"{bucket}&links=public&public={base}")
        assert storage.link(KEY) == f"https://torrents.example/t/{KEY}"


def test_a_presigned_link_opens_the_object_without_credentials(bucket: str) -> None:
    storage = open_storage(f"{bucket}&links=presigned")
    storage.put(KEY, b"bytes")
    link = storage.link(KEY)
    # Amazon's younger regions and several other makes know only version 4 of the signature.
    assert link and "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link
    with urlopen(link) as answer:
        assert answer.read() == b"bytes"
        assert answer.headers["Content-Type"] == "application/x-bittorrent"
    with pytest.raises(HTTPError, match="403"):
        urlopen(link.partition("?")[0])


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong", "the secret key is wrong"),
        ("AWS_ACCESS_KEY_ID", "wrong", "the access key is unknown"),
    ],
)
def test_wrong_credentials_are_named(
    bucket: str, monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    storage = open_storage(bucket)
    for refused in (
        lambda: storage.put(KEY, b"bytes"),
        lambda: storage.put(KEY, b"bytes", replace=True),
        lambda: storage.get(KEY),
        lambda: storage.delete(KEY),
        lambda: list(storage.keys()),
    ):
        with pytest.raises(StorageUnavailable, match=sentence):
            refused()


def test_no_credentials_at_all_are_named(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    # Else boto3 asks Amazon's own network for some.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    with pytest.raises(StorageUnavailable, match="credentials"):
        open_storage(bucket).get(KEY)


def test_an_unknown_bucket_is_unavailable_not_empty(gateway: Radosgw, bucket: str) -> None:
    storage = open_storage(f"s3://no-such-bucket?endpoint={gateway.endpoint}")
    for refused in (lambda: storage.put(KEY, b""), lambda: storage.get(KEY), lambda: list(storage.keys())):
        with pytest.raises(StorageUnavailable, match="there is no such bucket"):
            refused()


def test_a_server_that_is_down_is_unavailable_within_seconds(bucket: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        storage = open_storage(f"s3://torrents?endpoint=http://127.0.0.1:{unused.getsockname()[1]}")
        for refused in (
            lambda: storage.put(KEY, b""),
            lambda: storage.get(KEY),
            lambda: list(storage.keys()),
        ):
            began = time.monotonic()
            with pytest.raises(StorageUnavailable, match="Could not connect"):
                refused()
            assert time.monotonic() - began < 30


def ignore_condition(headers: dict[str, str], body: bytes) -> bytes:
    """rclone serve s3, s3rver"""
    headers.pop("If-None-Match", None)
    return body


def refuse_condition(headers: dict[str, str], body: bytes) -> bytes | int:
    """Swift 2.30"""
    return 501 if "If-None-Match" in headers else body


@pytest.mark.parametrize("oddity", [ignore_condition, refuse_condition])
def test_the_first_object_stays_even_where_the_server_ignores_if_none_match(
    gateway: Radosgw, bucket: str, oddity: Oddity
) -> None:
    with odd_s3_server(gateway.endpoint, oddity) as endpoint:
        storage = open_storage(f"s3://{name_of(bucket)}?endpoint={endpoint}")
        assert storage.put(KEY, b"first") is True
        assert storage.put(KEY, b"second") is False
        assert storage.get(KEY).data == b"first"
        storage.delete(KEY)
        assert storage.put(KEY, b"third") is True
        assert storage.put(KEY, b"fourth", replace=True) is True
        assert storage.get(KEY).data == b"fourth"


def conflict_times(times: int) -> Oddity:
    """AWS, while another write of the same key is under way. The empty body is the one that asks what it can do."""
    busy = iter([409] * times)
    return lambda headers, body: next(busy, body) if body else body


def test_a_put_that_conflicts_with_another_is_retried(gateway: Radosgw, bucket: str) -> None:
    with odd_s3_server(gateway.endpoint, conflict_times(2)) as endpoint:
        storage = open_storage(f"s3://{name_of(bucket)}?endpoint={endpoint}")
        assert storage.put(KEY, b"bytes") is True
        assert storage.get(KEY).data == b"bytes"


def test_endless_conflict_is_unavailable(gateway: Radosgw, bucket: str) -> None:
    with odd_s3_server(gateway.endpoint, conflict_times(1000)) as endpoint:
        storage = open_storage(f"s3://{name_of(bucket)}?endpoint={endpoint}")
        with pytest.raises(StorageUnavailable, match="busy"):
            storage.put(KEY, b"bytes")
        with pytest.raises(ObjectNotFound):
            storage.get(KEY)


@pytest.mark.parametrize("replace", [False, True])
def test_an_object_damaged_in_transit_is_noticed_and_deleted(
    gateway: Radosgw, bucket: str, replace: bool
) -> None:
    with odd_s3_server(gateway.endpoint, lambda headers, body: body.replace(b"y", b"x")) as endpoint:
        storage = open_storage(f"s3://{name_of(bucket)}?endpoint={endpoint}")
        with pytest.raises(StorageUnavailable, match="other bytes"):
            storage.put(KEY, b"bytes", replace=replace)
        with pytest.raises(ObjectNotFound):
            storage.get(KEY)
