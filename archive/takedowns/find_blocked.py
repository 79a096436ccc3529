"""Which of many infohashes are blocked, by a takedown, a list of infohashes or a list of their digests."""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha1, sha256

from django.db import connection

from archive.db.outages import outages
from archive.db.sql import chunks, placeholders
from archive.errors import TakenDown
from metainfo.infohash import truncate_infohash

_SELECT_REASONS = """
    SELECT short, reason FROM archive_block JOIN archive_takedown ON archive_takedown.id = takedown_id
    WHERE short IN ({})
"""


def find_blocked(infohashes: Iterable[bytes]) -> dict[bytes, str]:
    """Those of the infohashes (v1, v2 or truncated v2) that are blocked, each with the reason. Raises Unavailable."""
    block_keys = {infohash: find_block_keys(infohash) for infohash in infohashes}
    distinct = sorted({key for keys in block_keys.values() for key in keys})
    reasons: dict[bytes, str] = {}
    # Each upload asks this twice, and the ORM would take ten times as long.
    with outages(), connection.cursor() as cursor:
        for some in chunks(distinct):
            cursor.execute(_SELECT_REASONS.format(placeholders(some)), some)
            reasons.update((bytes(short), reason) for short, reason in cursor.fetchall())
    return {infohash: reasons[key] for infohash, keys in block_keys.items() for key in keys if key in reasons}


def refuse_blocked(infohashes: Iterable[bytes]) -> None:
    """Raise TakenDown if one of the infohashes, which are those of one torrent, is blocked. Raises Unavailable."""
    if reasons := find_blocked(infohashes):
        raise TakenDown(next(iter(reasons.values())))


@lru_cache(maxsize=1024)  # each deposit asks twice
def find_block_keys(infohash: bytes) -> tuple[bytes, ...]:
    """The keys of Block rows, of 20 bytes, by which this infohash may be blocked.

    They are its own first 20 bytes, and those of its digests (SHA-1 and SHA-256), whole and truncated.
    """
    spellings = {infohash, truncate_infohash(infohash)}
    digests = [digest(one).digest() for one in spellings for digest in (sha1, sha256)]
    return truncate_infohash(infohash), *map(truncate_infohash, digests)
