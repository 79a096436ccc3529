"""Objects in a bucket of any S3-compatible store, flat, as <INFOHASH>.torrent. boto3 finds the credentials.

A put must not replace an object that another writer has just stored. Most stores refuse it with If-None-Match.
Whether this one does is tried once in a process; where it does not, the object is looked for before it is sent.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cached_property
from hashlib import md5
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from storage.contract import StoredObject
from storage.errors import ObjectNotFound, ObjectTooLarge, StorageUnavailable
from storage.keys import TORRENT_KEY_PATTERN, check_key

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_BUCKET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
_OPTIONS = {"endpoint", "region", "links", "public"}
_PROBE_KEY = "if-none-match.probe"
_PRESIGNED_SECONDS = 3600
_MAX_TRIES = 5  # of a put that conflicts with another
_MAX_WRITERS = 16  # threads that send the objects of one batch
_ABSENT_KEY = f"{'0' * 40}.torrent"  # no torrent has this infohash

_CONFIG = Config(
    signature_version="s3v4",
    s3={"addressing_style": "path"},
    # Checksums as trailers, the default over https, leave out Content-Length: radosgw 16 answers 411.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=2,
    read_timeout=10,
    max_pool_connections=64,
)

# The codes that stores most often refuse with, often without a message.
_REASONS = {
    "AccessDenied": "these credentials may not do this",
    "InvalidAccessKeyId": "the access key is unknown there",
    "NoSuchBucket": "there is no such bucket",
    "QuotaExceeded": "the quota is used up",
    "RequestTimeTooSkewed": "the clocks differ too much",
    "SignatureDoesNotMatch": "the secret key is wrong",
}


def from_url(url: SplitResult, _: Callable[[], bool]) -> "S3":
    """The store at s3://bucket, which must exist, also for a new archive. Raises ValueError for a wrong URL."""
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    endpoint, links, public = (options.get(name, "") for name in ("endpoint", "links", "public"))
    for wrong, sentence in (
        ("@" in url.netloc, "s3:// is followed by a bucket's name, and by no key or secret."),
        (not _BUCKET_NAME.fullmatch(url.netloc), "A bucket's name has 3 to 63 letters, digits and . _ -."),
        (url.path.strip("/") or url.fragment, "Torrents lie flat in a bucket: s3://bucket, without a path."),
        (
            options.keys() - _OPTIONS,
            "s3:// takes endpoint=, region=, links= and public=, and no other option.",
        ),
        (endpoint and not _is_http_url(endpoint), "endpoint= is an http:// or https:// URL."),
        (links not in {"", "public", "presigned"}, "links= is public or presigned."),
        (
            (links == "public") != _is_http_url(public),
            "links=public goes with public=, an http:// or https:// URL.",
        ),
    ):
        if wrong:
            raise ValueError(sentence)
    return S3(url.netloc, endpoint, options.get("region", ""), public.rstrip("/"), links == "presigned")


def _is_http_url(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


class S3:
    """A bucket as a store (storage/contract.py)."""

    local = False

    def __init__(self, bucket: str, endpoint: str, region: str, public: str, presigned: bool) -> None:
        self.bucket, self.endpoint, self.region = bucket, endpoint, region
        self.public, self.presigned = public, presigned

    def put(self, key: str, data: bytes, *, replace: bool = False) -> bool:
        check_key(key)
        with _translate_errors():
            if not replace and self._supports_if_none_match:
                return self._put_if_absent(key, data)
            if not replace and self._has_object(key):
                return False
            self._send_object(key, data)
            return True

    def put_all(self, objects: Mapping[str, bytes]) -> set[str]:
        with ThreadPoolExecutor(_MAX_WRITERS) as writers:
            new = writers.map(self.put, objects.keys(), objects.values())
            return {key for key, is_new in zip(objects, new, strict=True) if is_new}

    def get(self, key: str, max_bytes: int | None = None) -> StoredObject:
        check_key(key)
        with _translate_errors():
            try:
                answer = self._client.get_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] == "NoSuchKey":
                    raise ObjectNotFound(key) from None
                raise
            if max_bytes is not None and answer["ContentLength"] > max_bytes:
                answer["Body"].close()
                raise ObjectTooLarge(key)
            return StoredObject(answer["Body"].read(), answer["ETag"].strip('"'))

    def delete(self, key: str) -> None:
        check_key(key)
        with _translate_errors():
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def check(self) -> None:
        with suppress(ObjectNotFound):
            self.get(_ABSENT_KEY)

    def keys(self, after: str = "") -> Iterator[str]:
        with _translate_errors():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, StartAfter=after):
                for row in page.get("Contents", ()):
                    if TORRENT_KEY_PATTERN.fullmatch(row["Key"]):
                        yield row["Key"]

    def link(self, key: str) -> str | None:
        check_key(key)
        if self.public:
            return f"{self.public}/{key}"
        if not self.presigned:
            return None
        with _translate_errors():
            params = {"Bucket": self.bucket, "Key": key}
            return self._client.generate_presigned_url(
                "get_object", Params=params, ExpiresIn=_PRESIGNED_SECONDS
            )

    @cached_property
    def _client(self) -> "S3Client":
        """The client that all threads share. If two threads make it at once, one is kept, and either works."""
        session = Session()
        region = self.region or session.region_name or "us-east-1"
        return session.client("s3", endpoint_url=self.endpoint or None, region_name=region, config=_CONFIG)

    @cached_property
    def _supports_if_none_match(self) -> bool:
        """Whether the store obeys If-None-Match. Some stores ignore it and overwrite, some refuse it (501)."""
        try:
            self._send_object(_PROBE_KEY, b"", IfNoneMatch="*")
            self._send_object(_PROBE_KEY, b"", IfNoneMatch="*")
        except ClientError as error:
            if _http_status(error) not in {409, 412, 501}:
                raise
            return _http_status(error) != 501
        return False

    def _put_if_absent(self, key: str, data: bytes) -> bool:
        """Whether the object was stored; False if there was one already.

        412 means that there is one. 409 means that another write of this key is under way and may yet fail; AWS
        recommends to try again.
        """
        for _ in range(_MAX_TRIES):
            try:
                self._send_object(key, data, IfNoneMatch="*")
            except ClientError as error:
                if _http_status(error) == 412:
                    return False
                if _http_status(error) != 409:
                    raise
            else:
                return True
        raise StorageUnavailable("The store is busy with other writes of the same torrent")

    def _has_object(self, key: str) -> bool:
        try:
            self._client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if _http_status(error) != 404:
                raise
            return False
        return True

    def _send_object(self, key: str, data: bytes, **condition: Any) -> None:
        answer = self._client.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=data,
            ContentType="application/x-bittorrent",
            CacheControl="public, max-age=31536000, immutable",
            **condition,
        )
        if not _is_intact(data, answer):
            self._client.delete_object(Bucket=self.bucket, Key=key)
            raise StorageUnavailable("The store received other bytes than were sent")


def _is_intact(data: bytes, answer: Any) -> bool:
    """Whether the ETag agrees. It is the MD5, unless it has a dash or the store encrypts with its own key."""
    etag = answer["ETag"].strip('"')
    if len(etag) != 32 or answer.get("ServerSideEncryption", "AES256") != "AES256":
        return True
    return bool(etag == md5(data, usedforsecurity=False).hexdigest())


def _http_status(error: ClientError) -> int:
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Raise StorageUnavailable, with a sentence, for whatever botocore raises."""
    try:
        yield
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message")
        raise StorageUnavailable(f"The S3 store refuses: {_REASONS.get(code, message)} ({code})") from error
    except BotoCoreError as error:
        raise StorageUnavailable(str(error)) from error
