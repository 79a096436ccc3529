"""What every store can do: keep bytes under a key, durably once acknowledged. It knows nothing of what they mean."""

from collections.abc import Iterator, Mapping
from typing import BinaryIO, NamedTuple, Protocol


class LocalFile(Protocol):
    """The file on this machine's disk that an object was read from."""

    def is_current(self) -> bool:
        """Whether the same file still lies under the key. Takes microseconds."""

    def open_file(self) -> BinaryIO | None:
        """The same bytes, open for reading, to be closed by the caller; None if the file is gone or was replaced."""


class StoredObject(NamedTuple):
    """An object that was read."""

    data: bytes
    etag: str
    """A validator of exactly these bytes (RFC 9110), opaque, without quotes."""
    origin: LocalFile | None = None


class Storage(Protocol):
    """A store. Every method may be called by several threads at once.

    Every method may raise StorageUnavailable, and those that take a key ValueError for text that is no key.
    """

    @property
    def local(self) -> bool:
        """Whether get() reads this machine's own disk, so that it takes microseconds and needs no thread."""

    def put(self, key: str, data: bytes, *, replace: bool = False) -> bool:
        """Store an object; it is durable when this returns.

        Returns False if there was an object already, which stays, unless `replace`.
        """

    def put_all(self, objects: Mapping[str, bytes]) -> set[str]:
        """Store many objects by key as put() does, at less cost for each. Returns the keys of those that were new."""

    def get(self, key: str, max_bytes: int | None = None) -> StoredObject:
        """Read an object.

        Raises ObjectNotFound, and ObjectTooLarge, without reading it, for one of more than `max_bytes`.
        """

    def delete(self, key: str) -> None:
        """Delete an object; it is gone for good when this returns. No error if there is none."""

    def keys(self, after: str = "") -> Iterator[str]:
        """Every torrent's key greater than `after`, in the order of the strings, however many there are."""

    def check(self) -> None:
        """Raises StorageUnavailable where nothing could be stored now, as far as is known without storing."""

    def link(self, key: str) -> str | None:
        """A URL from which a client can fetch the object itself; None if the store offers none."""
