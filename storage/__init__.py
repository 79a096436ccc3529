"""The contract: bytes under a key, durable once acknowledged. Knows nothing of what the bytes mean."""

import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import BinaryIO, NamedTuple, Protocol
from urllib.parse import urlsplit

# Scrub sets a damaged object aside under a name of its own; keys() never tells of those.
KEY_PATTERN = re.compile(r"(?:[0-9A-F]{40}|[0-9A-F]{64})\.torrent(?:\.damaged)?")
TORRENT_KEY_PATTERN = re.compile(r"(?:[0-9A-F]{40}|[0-9A-F]{64})\.torrent")


class ObjectNotFound(Exception):
    """There is nothing under this key."""


class ObjectTooLarge(Exception):
    """It has more bytes than the caller wants to have at once."""


class StorageUnavailable(Exception):
    """The store is down, full, or refuses us; the text says how."""


class LocalFile(Protocol):
    """The file on this machine's disk that an object was read from."""

    def is_current(self) -> bool:
        """Is it still what lies under the key? Takes microseconds."""

    def open_file(self) -> BinaryIO | None:
        """The same bytes, open for reading; None if another file or none lies there by now."""


class StoredObject(NamedTuple):
    data: bytes
    etag: str
    """A validator of exactly these bytes, opaque, without quotes."""
    origin: LocalFile | None = None


class Storage(Protocol):
    """Every method may raise Unavailable, and ValueError for a key that is none."""

    @property
    def local(self) -> bool:
        """Does get() read this machine's own disk, so that it takes microseconds and needs no thread?"""

    def put(self, key: str, data: bytes, *, replace: bool = False) -> bool:
        """Durable when it returns. False: there was an object already, and it stays (unless replace)."""

    def put_all(self, objects: Mapping[str, bytes]) -> set[str]:
        """As put, for many at once, which costs less; the keys of those that were new."""

    def get(self, key: str, most: int | None = None) -> StoredObject:
        """Raises Missing, and TooLong where it has more than `most` bytes; those are not read then."""

    def delete(self, key: str) -> None:
        """Durable when it returns, and no error when there is none."""

    def keys(self, after: str = "") -> Iterator[str]:
        """Every torrent's key greater than `after`, in the order of the strings, however many there are."""

    def check(self) -> None:
        """Raises Unavailable where nothing could be put at this moment, as far as can be told without a try."""

    def link(self, key: str) -> str | None:
        """Where a client can fetch the object itself, if the store offers that."""


def check_key(key: str) -> str:
    if not KEY_PATTERN.fullmatch(key):
        raise ValueError(f"{key!r} is no key: <INFOHASH>.torrent in upper-case hex is.")
    return key


def open_storage(url: str, is_new_archive: Callable[[], bool] = lambda: True) -> Storage:
    """file:///folder or s3://bucket?endpoint=…&region=…&links=public|presigned&public=…; no traffic yet.

    `is_new_archive`: is this a new archive, so that a folder without any object may be the place for them?
    """
    backends = {"file": "storage.filesystem", "s3": "storage.s3"}
    parts = urlsplit(url)
    if parts.scheme not in backends:
        raise ValueError("A storage URL starts with file:/// or s3://.")
    # By name, because boto3 is slow to import and heavy, and a folder does not need it.
    storage: Storage = import_module(backends[parts.scheme]).from_url(parts, is_new_archive)
    return storage
