"""The index: torrents, takedowns, wishes, keys. Infohashes are raw bytes, 20 (v1) or 32 (v2)."""

import hashlib
from collections.abc import Iterable
from typing import Self

from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Now

from archive.infohash import short, spell
from archive.metainfo import Metainfo
from archive.words import found_by

_HELD = "SELECT v1, v2 FROM archive_torrent WHERE v1 IN ({}) OR v2 IN ({})"
_PER_QUERY = 200  # SQLite folds a thousand conditions at most
_NAME_KEPT = 1000  # characters of a name in the index; the bytes hold all of it


class TorrentQuerySet(models.QuerySet["Torrent"]):
    """The two ways to name torrents: as they are stored, and as people spell them."""

    def stored_under(self, infohashes: Iterable[bytes]) -> Self:
        """Those whose own name, v1 or else v2, is one of these."""
        names = list(infohashes)
        v1s, v2s = [n for n in names if len(n) == 20], [n for n in names if len(n) == 32]
        condition = Q()
        if v1s:
            condition |= Q(v1__in=v1s)
        if v2s:
            condition |= Q(v1=None, v2__in=v2s)
        return self.filter(condition) if condition else self.none()

    def find(self, infohash: bytes) -> "Torrent | None":
        """The one that this v1 (20 bytes), v2 (32) or truncated v2 (20) infohash means."""
        if len(infohash) == 32:
            return self.filter(v2=infohash).first()
        return self.filter(v1=infohash).first() or self.filter(v2__range=_beginning_with(infohash)).first()

    def held(self, infohashes: Iterable[bytes]) -> dict[bytes, bytes]:
        """As find, for any number at once: what each is stored under. Every wish asks; the ORM would take longer."""
        names = sorted(set(infohashes))
        found: dict[bytes, bytes] = {}
        with connection.cursor() as cursor:
            for start in range(0, len(names), _PER_QUERY):
                shorts = [name for name in names[start : start + _PER_QUERY] if len(name) == 20]
                longs = [name for name in names[start : start + _PER_QUERY] if len(name) == 32]
                places = (", ".join(["%s"] * len(each)) or "NULL" for each in (shorts, longs))
                ranges = " OR v2 BETWEEN %s AND %s" * len(shorts)
                ends = [end for name in shorts for end in _beginning_with(name)]
                cursor.execute(_HELD.format(*places) + ranges, [*shorts, *longs, *ends])
                rows = [tuple(bytes(name) for name in row if name) for row in cursor.fetchall()]
                found |= {short(name): row[0] for row in rows for name in row[::-1]}
                found |= {name: row[0] for row in rows for name in row}
        return {name: found[name] for name in names if name in found}

    def find_all(self, infohashes: Iterable[bytes]) -> "dict[bytes, Torrent]":
        """As find, for any number at once, in few queries."""
        names = self.held(infohashes)
        rows = {row.infohash: row for row in self.stored_under(set(names.values()))}
        return {name: rows[own] for name, own in names.items() if own in rows}


def _beginning_with(short_v2: bytes) -> tuple[bytes, bytes]:
    return short_v2 + bytes(12), short_v2 + b"\xff" * 12


class Torrent(models.Model):
    """One stored torrent. There is never a row without its object in the storage."""

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
        return spell(self.infohash)

    @classmethod
    def of(cls, torrent: bytes, metainfo: Metainfo) -> Self:
        """What the index is to know of these bytes; not saved."""
        return cls(
            v1=metainfo.v1,
            v2=metainfo.v2,
            name=metainfo.name[:_NAME_KEPT].replace("\0", "\ufffd"),  # PostgreSQL's text cannot hold NUL
            size=metainfo.size,
            files=metainfo.files,
            length=len(torrent),
            digest=hashlib.sha256(torrent).digest(),
            complete=metainfo.complete,
            words=found_by(torrent, metainfo),
        )

    @property
    def infohashes(self) -> tuple[bytes, ...]:
        """All that it has: v1 first."""
        return tuple(bytes(infohash) for infohash in (self.v1, self.v2) if infohash)

    @property
    def infohash(self) -> bytes:
        """The one that it is stored under."""
        return self.infohashes[0]


class Tracker(models.Model):
    """A tracker that a later copy of a stored torrent named; the first copy's are in its bytes."""

    torrent = models.ForeignKey(Torrent, on_delete=models.CASCADE, related_name="later_trackers")
    url = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["torrent", "url"], name="tracker_once_a_torrent")]

    def __str__(self) -> str:
        return self.url


class Takedown(models.Model):
    """One decision that a torrent must not be here, by each of its infohashes."""

    reason = models.TextField()
    listed = models.BooleanField("shown on the public page", default=True)
    taken_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.reason


class Block(models.Model):
    """A blocked infohash. Whatever shares its first 20 bytes is blocked: v1, v2 and truncated v2 alike.

    Where it is `hashed`, those 20 bytes begin the SHA-1 or the SHA-256 of the infohash instead.
    """

    short = models.BinaryField("first 20 bytes of the infohash", max_length=20, primary_key=True)
    infohash = models.BinaryField("infohash as it was given", max_length=32)
    hashed = models.BooleanField("is a digest of an infohash that we do not know", default=False)
    takedown = models.ForeignKey(Takedown, on_delete=models.CASCADE, related_name="blocks")

    def __str__(self) -> str:
        name = spell(bytes(self.infohash))
        return f"digest {name}" if self.hashed else name

    @classmethod
    def of(cls, infohash: bytes, takedown: Takedown) -> "Block":
        return cls(short=short(infohash), infohash=infohash, takedown=takedown)


class Pulse(models.Model):
    """When a process that works in the background was last heard of."""

    name = models.TextField(primary_key=True)
    work = models.TextField()
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.work} {self.name}"


class Tally(models.Model):
    """The number of rows in Torrent, in shards that triggers keep: their sum is exact in every transaction.

    One row would make every writer wait for every other; 16 cost 8 % of the inserts, one hot row 69 %.
    """

    shard = models.SmallIntegerField(primary_key=True)
    stored = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.shard}: {self.stored}"


class Wanted(models.Model):
    """A torrent that somebody asked for and that is not here. Who asked is not written down, only when.

    `peers` are those of a magnet link, and go as soon as they have been tried.
    """

    names = models.BinaryField("the infohashes asked for, one behind the other", max_length=52, unique=True)
    v1 = models.BinaryField("v1 or truncated v2 infohash", max_length=20, null=True, db_index=True)
    v2 = models.BinaryField("v2 infohash", max_length=32, null=True, db_index=True)
    trackers = models.JSONField(default=list)
    peers = models.JSONField(default=list)
    awaited = models.BooleanField("somebody waits at a door", default=False)
    attempts = models.IntegerField(default=0, db_default=0)
    since = models.DateTimeField("first asked for", db_default=Now())
    asked_at = models.DateTimeField("last asked for")
    tried_at = models.DateTimeField("end of the last search", null=True)
    next_try = models.DateTimeField()
    peers_tried = models.BooleanField("the last search knew peers", default=False, db_default=False)
    given_up = models.TextField("why it is not looked for at present", default="", db_default="")
    leased_by = models.TextField("the resolver that looks for it", default="", db_default="")
    leased_until = models.DateTimeField(null=True)
    deserted = models.IntegerField("resolvers that died over it, one after another", default=0, db_default=0)

    class Meta:
        indexes = [
            models.Index("awaited", "next_try", condition=Q(leased_until=None), name="wanted_due"),
            models.Index("leased_until", condition=Q(leased_until__isnull=False), name="wanted_leased"),
            models.Index("asked_at", name="wanted_asked_at"),
        ]

    def __str__(self) -> str:
        return spell(bytes(self.v1 or self.v2 or b""))


class IssuedKey(models.Model):
    """A key as far as it may be known: how it begins, and the hash of the whole. The key itself is nowhere."""

    prefix = models.TextField("beginning of the key", unique=True)
    digest = models.BinaryField("SHA-256 of the key", max_length=32)
    name = models.TextField("whose key it is, or what for")
    client = models.TextField("torrent client that it belongs to", default="", blank=True)
    state = models.TextField(
        choices={"active": "active", "suspended": "suspended", "revoked": "revoked"}, default="active"
    )
    issued_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "key"

    def __str__(self) -> str:
        return f"{self.prefix} ({self.name})"


class Source(models.Model):
    """Another archive that this one mirrors, and how far it has come."""

    url = models.TextField(unique=True)
    until = models.DateField("what was stored there before this day has been seen", null=True)

    def __str__(self) -> str:
        return self.url


class Film(models.Model):
    """Which title at IMDb a torrent is, held or not, and who says so."""

    short = models.BinaryField("first 20 bytes of the infohash", max_length=20, primary_key=True)
    imdb = models.IntegerField("number at IMDb", db_index=True)
    title = models.TextField(default="", blank=True)
    source = models.TextField("who says so")

    def __str__(self) -> str:
        return f"tt{self.imdb:07d} {self.title}"


class Watched(models.Model):
    """A stored torrent, as the census knows it: when its peers are to be counted again, and the last look."""

    torrent = models.OneToOneField(Torrent, on_delete=models.CASCADE, primary_key=True)
    due = models.DateTimeField(db_index=True)
    asked_at = models.DateTimeField("somebody last asked for its peers", null=True, db_index=True)
    looked_at = models.DateTimeField(null=True)
    misses = models.SmallIntegerField("looks since one that found a peer", default=1)
    peers = models.IntegerField("found by the last look", default=0)
    seeders = models.IntegerField("by a tracker's word", null=True)
    leechers = models.IntegerField("by a tracker's word", null=True)
    completed = models.IntegerField("downloads, by a tracker's word", null=True)

    def __str__(self) -> str:
        return f"{self.torrent_id}: {self.peers}"


class PeerDay(models.Model):
    """How many distinct peers a torrent had on one day (UTC), over all looks of that day, by country."""

    pk = models.CompositePrimaryKey("torrent_id", "day")
    torrent = models.ForeignKey(Torrent, on_delete=models.CASCADE, db_index=False)
    day = models.DateField()
    countries = models.JSONField("peers by ISO 3166-1 alpha-2 code")

    def __str__(self) -> str:
        return f"{self.torrent_id} {self.day}: {self.countries}"


class DayKey(models.Model):
    """What addresses are hashed with for one day. It goes with its day, and then nobody can hash them again."""

    day = models.DateField(primary_key=True)
    key = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return str(self.day)


class DayMarks(models.Model):
    """Who was counted for a torrent today, as marks that name nobody (`peers`). They go with their day."""

    pk = models.CompositePrimaryKey("torrent_id", "day")
    torrent = models.ForeignKey(Torrent, on_delete=models.CASCADE, db_index=False)
    day = models.DateField(db_index=True)
    marks = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.torrent_id} {self.day}"


class Belonging(models.Model):
    """A torrent of an account, which is a key: asked for with it, held or not.

    The infohashes are those that were known when it was asked for; the index may know another.
    """

    key = models.ForeignKey(IssuedKey, on_delete=models.CASCADE, related_name="belongings")
    v1 = models.BinaryField("v1 or truncated v2 infohash", max_length=20, null=True)
    v2 = models.BinaryField("v2 infohash", max_length=32, null=True)
    name = models.TextField("what its owner calls it", default="", blank=True)
    brought = models.BooleanField("its client has it from us", default=False)
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "v1"], name="belonging_once_by_v1"),
            models.UniqueConstraint(fields=["key", "v2"], name="belonging_once_by_v2"),
            models.CheckConstraint(
                condition=Q(v1__isnull=False) | Q(v2__isnull=False), name="belonging_has_infohash"
            ),
        ]
        indexes = [models.Index("v1", name="belonging_v1"), models.Index("v2", name="belonging_v2")]

    def __str__(self) -> str:
        return spell(bytes(self.v1 or self.v2 or b""))
