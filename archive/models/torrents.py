"""Stored torrents, the trackers that later copies name, and how many torrents there are.

Infohashes are raw bytes, 20 (v1 or truncated v2) or 32 (v2).
"""

import hashlib
from collections.abc import Iterable
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from archive.models.infohash_sql import select_held, truncated_v2_range
from archive.naming.search_words import make_index_words
from metainfo import Metainfo
from metainfo.infohash import infohash_to_hex

_MAX_NAME = 1000  # characters of a name in the index; the bytes of the torrent have all of it


class TorrentQuerySet(models.QuerySet["Torrent"]):
    """Torrents by infohash: by the one that they are stored under, or by any that means them."""

    def stored_under(self, infohashes: Iterable[bytes]) -> Self:
        """The torrents that are stored under one of these: under their v1 infohash or, without a v1, their v2."""
        listed = list(infohashes)
        v1s, v2s = [one for one in listed if len(one) == 20], [one for one in listed if len(one) == 32]
        condition = Q()
        if v1s:
            condition |= Q(v1__in=v1s)
        if v2s:
            condition |= Q(v1=None, v2__in=v2s)
        return self.filter(condition) if condition else self.none()

    def find(self, infohash: bytes) -> "Torrent | None":
        """The torrent that this v1 (20 bytes), v2 (32 bytes) or truncated v2 (20 bytes) infohash means."""
        if len(infohash) == 32:
            return self.filter(v2=infohash).first()
        return self.filter(v1=infohash).first() or self.filter(v2__range=truncated_v2_range(infohash)).first()

    def find_held(self, infohashes: Iterable[bytes]) -> dict[bytes, bytes]:
        """As find, for many at once: each infohash that is held, with the one that its torrent is stored under."""
        return select_held(infohashes)

    def find_all(self, infohashes: Iterable[bytes]) -> "dict[bytes, Torrent]":
        """As find, for many at once, in few queries."""
        held = self.find_held(infohashes)
        rows = {row.infohash: row for row in self.stored_under(set(held.values()))}
        return {infohash: rows[stored] for infohash, stored in held.items() if stored in rows}


class Torrent(models.Model):
    """One stored torrent. Its bytes are an object in the storage, without which there is never a row."""

    v1 = models.BinaryField("v1 infohash", max_length=20, unique=True, null=True)
    v2 = models.BinaryField("v2 infohash", max_length=32, unique=True, null=True)
    name = models.TextField()
    size = models.BigIntegerField("bytes of content")
    files = models.IntegerField("number of files")
    length = models.IntegerField("bytes of the torrent itself")
    digest = models.BinaryField("SHA-256 of the torrent itself", max_length=32)
    complete = models.BooleanField("has the piece layers it needs (BEP 52)", default=True)
    stored_at = models.DateTimeField(db_default=Now())
    words = models.TextField("what it is found by; triggers and indexes follow", db_default="")

    objects = TorrentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(v1__isnull=False) | Q(v2__isnull=False), name="torrent_has_infohash"
            )
        ]

    def __str__(self) -> str:
        return infohash_to_hex(self.infohash)

    @classmethod
    def from_metainfo(cls, torrent: bytes, metainfo: Metainfo) -> Self:
        """The row for a torrent of these bytes, which mean `metainfo`. It is not saved."""
        return cls(
            v1=metainfo.v1,
            v2=metainfo.v2,
            name=metainfo.name[:_MAX_NAME].replace("\0", "\ufffd"),  # PostgreSQL's text cannot hold NUL
            size=metainfo.size,
            files=metainfo.file_count,
            length=len(torrent),
            digest=hashlib.sha256(torrent).digest(),
            complete=metainfo.complete,
            words=make_index_words(torrent, metainfo),
        )

    @property
    def infohashes(self) -> tuple[bytes, ...]:
        """The infohashes that it has, one or two, v1 first."""
        return tuple(bytes(infohash) for infohash in (self.v1, self.v2) if infohash)

    @property
    def infohash(self) -> bytes:
        """The infohash that it is stored under: v1 or, without a v1, v2."""
        return bytes(self.v1 or self.v2 or b"")


class Tracker(models.Model):
    """A tracker that a later copy of a stored torrent names. Those of the first copy are in its bytes."""

    torrent = models.ForeignKey(Torrent, on_delete=models.CASCADE, related_name="later_trackers")
    url = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["torrent", "url"], name="tracker_once_a_torrent")]

    def __str__(self) -> str:
        return self.url


class Tally(models.Model):
    """The number of rows in Torrent, in several rows (shards) that triggers update.

    Their sum is exact in every transaction. With one row every writer would wait for every other: 16 of them cost 8 %
    of the speed of inserts, a single one 69 %.
    """

    shard = models.SmallIntegerField(primary_key=True)
    stored = models.BigIntegerField()
    v2 = models.BigIntegerField("of them, those without a v1 infohash", db_default=0)
    hybrid = models.BigIntegerField("of them, those with both", db_default=0)

    def __str__(self) -> str:
        return f"{self.shard}: {self.stored}"


class StoredDay(models.Model):
    """How many of the torrents now stored came on one day (UTC), in shards that the same triggers update.

    The ids of that day's torrents lie between `lowest` and `highest`. If a clock was wrong, so do ids of other days.
    """

    pk = models.CompositePrimaryKey("day", "shard")
    day = models.DateField()
    shard = models.SmallIntegerField()
    stored = models.BigIntegerField()
    lowest = models.BigIntegerField("number of the first row of that day", db_default=2**63 - 1)
    highest = models.BigIntegerField("and of the last", db_default=0)

    def __str__(self) -> str:
        return f"{self.day} {self.shard}: {self.stored}"
