"""A torrent's bytes, parsed: its infohashes, its name, size, files and trackers, and what else it says of itself.

    scan_torrent       one pass over all bytes, which finds the parts (scan.py)
    sum_content        the files of v1 and v2, read from those parts and held against each other (info_dictionary.py)
    has_all_layers     the piece layers of v2 (piece_layers.py)
    ParsedTorrent      what results

The infohashes are over the bytes as they are: nothing is ever encoded again.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from metainfo import descriptive_fields
from metainfo.bencode_cursor import token_limit
from metainfo.file_entries import read_torrent_name, read_v1_files, read_v2_files
from metainfo.info_dictionary import find_versions, is_private, read_piece_length, sum_content
from metainfo.piece_layers import has_all_layers
from metainfo.scan import scan_torrent
from metainfo.text_decoding import decode_text, decode_texts

MAX_BYTES = 10_000_000  # of a torrent, unless the caller says otherwise


@dataclass(frozen=True, slots=True)
class Metainfo:
    """What identifies a torrent, and what a list of torrents shows of it."""

    v1: bytes | None  # SHA-1 of the info dictionary as found (BEP 3); None without pieces of v1
    v2: bytes | None  # SHA-256 of the same bytes (BEP 52); None without a file tree of v2
    name: str  # may hold anything: control characters, slashes, nothing at all
    size: int  # bytes, without pad files (BEP 47)
    file_count: int  # without pad files
    largest_file: str  # name of the largest file
    piece_length: int  # bytes
    private: bool  # BEP 27
    complete: bool  # whether v2 files have their piece layers, which a torrent from the swarm comes without
    trackers: tuple[str, ...]  # announce URLs

    @property
    def infohash(self) -> bytes:
        """The infohash that the torrent is stored under: v1 if there is one, else v2."""
        return self.v1 or self.v2 or b""


class ContentFile(NamedTuple):
    """A file of a torrent's content."""

    path: tuple[str, ...]  # inside the torrent's folder; for a single file, its name
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Details:
    """What else a torrent says of itself. Nothing of it is verified, and nothing of it can be wrong."""

    comment: str
    created_by: str
    created_at: datetime | None
    piece_count: int
    web_seeds: tuple[str, ...]


class ParsedTorrent:
    """A torrent that has been parsed and found valid, once, however often it is asked for its files afterwards."""

    def __init__(self, torrent: bytes, max_bytes: int = MAX_BYTES, max_tokens: int | None = None) -> None:
        """`max_tokens`: parts that it may have; without, what its size allows.

        Raises EmptyTorrent, TooLarge, NotATorrent or one of its subclasses: Truncated, TooComplex.
        """
        max_tokens = token_limit(len(torrent)) if max_tokens is None else max_tokens
        scanned = scan_torrent(torrent, max_bytes, max_tokens)
        v1, v2 = find_versions(scanned.info, scanned.info_is_sorted)
        piece_length = read_piece_length(scanned.info, v2)
        content = sum_content(scanned.info, scanned.v1_sum, piece_length, v1, v2)
        start, end = scanned.info_span
        raw_info = memoryview(torrent)[start:end]
        encoding = descriptive_fields.read_encoding(scanned.root)
        self.metainfo = Metainfo(
            v1=hashlib.sha1(raw_info, usedforsecurity=False).digest() if v1 else None,
            v2=hashlib.sha256(raw_info).digest() if v2 else None,
            name=decode_text(read_torrent_name(scanned.info), encoding),
            size=content.size,
            file_count=content.file_count,
            largest_file=decode_text(content.largest_path[-1] if content.largest_path else b"", encoding),
            piece_length=piece_length,
            private=is_private(scanned.info),
            complete=not v2 or has_all_layers(scanned.root, content.layered, piece_length),
            trackers=descriptive_fields.read_trackers(scanned.root),
        )
        self._root = scanned.root
        self._info = scanned.info.with_tokens(
            max_tokens
        )  # a valid torrent's files may be read any number of times
        self._encoding = encoding
        self._piece_count = content.piece_count(piece_length)

    def files(self) -> Iterator[ContentFile]:
        """The files, one by one, without pad files."""
        entries = read_v2_files(self._info) if self.metainfo.v2 else read_v1_files(self._info)
        for entry in entries:
            if not entry.is_pad:
                yield ContentFile(decode_texts(entry.path, self._encoding), entry.size)

    def details(self) -> Details:
        """What the torrent says of itself besides; nothing in it is ever an error."""
        return Details(
            comment=descriptive_fields.read_text(self._root, b"comment"),
            created_by=descriptive_fields.read_text(self._root, b"created by"),
            created_at=descriptive_fields.read_creation_date(self._root),
            piece_count=self._piece_count,
            web_seeds=descriptive_fields.read_web_seeds(self._root),
        )


def parse_torrent(torrent: bytes, max_bytes: int = MAX_BYTES) -> Metainfo:
    """What identifies a torrent. Raises what ParsedTorrent raises."""
    return ParsedTorrent(torrent, max_bytes).metainfo


def compute_infohashes(torrent: bytes, max_bytes: int = MAX_BYTES) -> tuple[bytes, ...]:
    """All infohashes of a torrent: v1 (20 bytes), v2 (32 bytes), or both in this order.

    Raises what ParsedTorrent raises.
    """
    meta = parse_torrent(torrent, max_bytes)
    return tuple(filter(None, (meta.v1, meta.v2)))
