"""What a torrent's bytes say. The hashes are over the bytes as they are: nothing is ever encoded again."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from metainfo import about
from metainfo.bencode import MAX_TOKENS
from metainfo.files import name, v1_entries, v2_entries
from metainfo.info import content, is_private, piece_length, versions
from metainfo.layers import complete
from metainfo.outer import scan
from metainfo.text import text, texts

MAX_BYTES = 10_000_000

__all__ = [
    "MAX_BYTES",
    "Details",
    "ContentFile",
    "Metainfo",
    "ParsedTorrent",
    "compute_infohashes",
    "parse_torrent",
]


@dataclass(frozen=True, slots=True)
class Metainfo:
    """What identifies a torrent and what a list of torrents shows of it."""

    v1: bytes | None  # SHA-1 of the info dictionary as found (BEP 3), if it has pieces of v1
    v2: bytes | None  # SHA-256 of the same (BEP 52), if it has a file tree of v2
    name: str  # may hold anything: control characters, slashes, nothing at all
    size: int  # pad files (BEP 47) not counted
    file_count: int  # likewise
    largest_file: str  # name of the largest file
    piece_length: int
    private: bool  # BEP 27
    complete: bool  # whether v2 files have their piece layers; a torrent from the swarm comes without
    trackers: tuple[str, ...]

    @property
    def infohash(self) -> bytes:
        """The one that names the torrent here: v1 if there is one."""
        return self.v1 or self.v2 or b""


class ContentFile(NamedTuple):
    """A file of a torrent's content."""

    path: tuple[str, ...]  # inside the torrent's folder; of a single file, its name
    size: int


@dataclass(frozen=True, slots=True)
class Details:
    """What else a torrent tells about itself; nobody vouches for it."""

    comment: str
    created_by: str
    created_at: datetime | None
    piece_count: int
    web_seeds: tuple[str, ...]


class ParsedTorrent:
    """A torrent that has been read and judged: once, however much is asked of it afterwards."""

    def __init__(self, torrent: bytes, max_bytes: int = MAX_BYTES, max_tokens: int = MAX_TOKENS) -> None:
        """Raises EmptyTorrent, TooLarge, NotATorrent or one of its kinds: Truncated, TooComplex."""
        self._found = found = scan(torrent, max_bytes, max_tokens)
        v1, v2 = versions(found.info, found.disorder)
        length = piece_length(found.info, v2)
        summed = content(found.info, found.listed, length, v1, v2)
        start, end = found.info_span
        raw_info = memoryview(torrent)[start:end]
        self._encoding = about.encoding(found.root)
        self._pieces = summed.pieces(length)
        self.metainfo = Metainfo(
            v1=hashlib.sha1(raw_info, usedforsecurity=False).digest() if v1 else None,
            v2=hashlib.sha256(raw_info).digest() if v2 else None,
            name=text(name(found.info), self._encoding),
            size=summed.size,
            file_count=summed.files,
            largest_file=text(summed.main[-1] if summed.main else b"", self._encoding),
            piece_length=length,
            private=is_private(found.info),
            complete=not v2 or complete(found.root, summed.layered, length),
            trackers=about.trackers(found.root),
        )
        found.info.tokens = max_tokens  # it is taken: how often it is read from now on does not matter

    def files(self) -> Iterator[ContentFile]:
        """The files, one by one and without pad files."""
        info = self._found.info
        for entry in v2_entries(info) if self.metainfo.v2 else v1_entries(info):
            if not entry.pad:
                yield ContentFile(texts(entry.path, self._encoding), entry.size)

    def details(self) -> Details:
        """The rest of what the torrent tells; nothing in it is ever an error."""
        root = self._found.root
        return Details(
            comment=about.words(root, b"comment"),
            created_by=about.words(root, b"created by"),
            created_at=about.created(root),
            piece_count=self._pieces,
            web_seeds=about.web_seeds(root),
        )


def parse_torrent(torrent: bytes, max_bytes: int = MAX_BYTES) -> Metainfo:
    """What identifies a torrent. Raises what Reading raises."""
    return ParsedTorrent(torrent, max_bytes).metainfo


def compute_infohashes(torrent: bytes, max_bytes: int = MAX_BYTES) -> tuple[bytes, ...]:
    """All that a torrent goes by, v1 first. Raises what Reading raises."""
    meta = parse_torrent(torrent, max_bytes)
    return tuple(filter(None, (meta.v1, meta.v2)))
