"""Objects in a bucket of any S3-compatible store, flat, <INFOHASH>.torrent. boto3 finds the credentials."""

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

from storage import (
    TORRENT_KEY_PATTERN,
    ObjectNotFound,
    ObjectTooLarge,
    StorageUnavailable,
    StoredObject,
    check_key,
)

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
OPTIONS = {"endpoint", "region", "links", "public"}
PROBE = "if-none-match.probe"
PRESIGNED_SECONDS = 3600
CONFLICTS = 5
WRITERS = 16  # of one batch on their way at once
NOBODY = f"{'0' * 40}.torrent"  # no torrent has this infohash; to ask for it must end in "missing"

CONFIG = Config(
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

# What stores answer most often when they refuse, and often without a message.
REASONS = {
    "AccessDenied": "these credentials may not do this",
    "InvalidAccessKeyId": "the access key is unknown there",
    "NoSuchBucket": "there is no such bucket",
    "QuotaExceeded": "the quota is used up",
    "RequestTimeTooSkewed": "the clocks differ too much",
    "SignatureDoesNotMatch": "the secret key is wrong",
}


def from_url(url: SplitResult, _: Callable[[], bool]) -> "S3":
    """A bucket is never made here, so nobody need be asked whether it may."""
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    endpoint, links, public = (options.get(name, "") for name in ("endpoint", "links", "public"))
    for wrong, sentence in (
        ("@" in url.netloc, "s3:// is followed by a bucket's name, and by no key or secret."),
        (not BUCKET.fullmatch(url.netloc), "A bucket's name has 3 to 63 letters, digits and . _ -."),
        (url.path.strip("/") or url.fragment, "Torrents lie flat in a bucket: s3://bucket, without a path."),
        (
            options.keys() - OPTIONS,
            "s3:// takes endpoint=, region=, links= and public=, and no other option.",
        ),
        (endpoint and not is_http(endpoint), "endpoint= is an http:// or https:// URL."),
        (links not in {"", "public", "presigned"}, "links= is public or presigned."),
        (
            (links == "public") != is_http(public),
            "links=public goes with public=, an http:// or https:// URL.",
        ),
    ):
        if wrong:
            raise ValueError(sentence)
    return S3(url.netloc, endpoint, options.get("region", ""), public.rstrip("/"), links == "presigned")


def is_http(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


class S3:
    local = False

    def __init__(self, bucket: str, endpoint: str, region: str, public: str, presigned: bool) -> None:
        self.bucket, self.endpoint, self.region = bucket, endpoint, region
        self.public, self.presigned = public, presigned

    def put(self, key: str, data: bytes, *, replace: bool = False) -> bool:
        check_key(key)
        with plainly():
            if not replace and self._conditional:
                return self._first(key, data)
            if not replace and self._exists(key):
                return False
            self._send(key, data)
            return True

    def put_all(self, objects: Mapping[str, bytes]) -> set[str]:
        with ThreadPoolExecutor(WRITERS) as writers:
            new = writers.map(self.put, objects.keys(), objects.values())
            return {key for key, first in zip(objects, new, strict=True) if first}

    def get(self, key: str, most: int | None = None) -> StoredObject:
        check_key(key)
        with plainly():
            try:
                answer = self._client.get_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] == "NoSuchKey":
                    raise ObjectNotFound(key) from None
                raise
            if most is not None and answer["ContentLength"] > most:
                answer["Body"].close()
                raise ObjectTooLarge(key)
            return StoredObject(answer["Body"].read(), answer["ETag"].strip('"'))

    def delete(self, key: str) -> None:
        check_key(key)
        with plainly():
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def check(self) -> None:
        with suppress(ObjectNotFound):
            self.get(NOBODY)

    def keys(self, after: str = "") -> Iterator[str]:
        with plainly():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, StartAfter=after):
                for found in page.get("Contents", ()):
                    if TORRENT_KEY_PATTERN.fullmatch(found["Key"]):
                        yield found["Key"]

    def link(self, key: str) -> str | None:
        check_key(key)
        if self.public:
            return f"{self.public}/{key}"
        if not self.presigned:
            return None
        with plainly():
            what = {"Bucket": self.bucket, "Key": key}
            return self._client.generate_presigned_url("get_object", Params=what, ExpiresIn=PRESIGNED_SECONDS)

    @cached_property
    def _client(self) -> "S3Client":
        """Shared by all threads. Two may make it at once; then one is kept, and either works."""
        session = Session()
        region = self.region or session.region_name or "us-east-1"
        return session.client("s3", endpoint_url=self.endpoint or None, region_name=region, config=CONFIG)

    @cached_property
    def _conditional(self) -> bool:
        """Some servers ignore If-None-Match and overwrite, some refuse it: ask ours once in a process."""
        try:
            self._send(PROBE, b"", IfNoneMatch="*")
            self._send(PROBE, b"", IfNoneMatch="*")
        except ClientError as error:
            if status(error) not in {409, 412, 501}:
                raise
            return status(error) != 501
        return False

    def _first(self, key: str, data: bytes) -> bool:
        """409: another write of this key is under way, with an open outcome. AWS says to try again."""
        for _ in range(CONFLICTS):
            try:
                self._send(key, data, IfNoneMatch="*")
            except ClientError as error:
                if status(error) == 412:
                    return False
                if status(error) != 409:
                    raise
            else:
                return True
        raise StorageUnavailable("The store is busy with other writes of the same torrent")

    def _exists(self, key: str) -> bool:
        try:
            self._client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if status(error) != 404:
                raise
            return False
        return True

    def _send(self, key: str, data: bytes, **condition: Any) -> None:
        answer = self._client.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=data,
            ContentType="application/x-bittorrent",
            CacheControl="public, max-age=31536000, immutable",
            **condition,
        )
        if not intact(data, answer):
            self._client.delete_object(Bucket=self.bucket, Key=key)
            raise StorageUnavailable("The store received other bytes than were sent")


def intact(data: bytes, answer: Any) -> bool:
    """Does the ETag agree? It is the MD5, unless it has a dash or the store encrypts with its own key."""
    etag = answer["ETag"].strip('"')
    if len(etag) != 32 or answer.get("ServerSideEncryption", "AES256") != "AES256":
        return True
    return bool(etag == md5(data, usedforsecurity=False).hexdigest())


def status(error: ClientError) -> int:
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


@contextmanager
def plainly() -> Iterator[None]:
    """Whatever botocore raises, in a sentence."""
    try:
        yield
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message")
        raise StorageUnavailable(f"The S3 store refuses: {REASONS.get(code, message)} ({code})") from error
    except BotoCoreError as error:
        raise StorageUnavailable(str(error)) from error
