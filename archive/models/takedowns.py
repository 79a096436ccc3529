"""Takedowns and the infohashes that they block."""

from django.db import models
from django.db.models.functions import Now

from metainfo.infohash import infohash_to_hex, truncate_infohash


class Takedown(models.Model):
    """One decision that a torrent must not be held, with a Block for each of its infohashes."""

    reason = models.TextField()
    listed = models.BooleanField("shown on the public page", default=True)
    taken_at = models.DateTimeField(db_default=Now())
    unfinished = models.BooleanField("bytes or row may be left", db_default=False)

    def __str__(self) -> str:
        return self.reason


class Block(models.Model):
    """A blocked infohash. Every infohash (v1, v2 or truncated v2) with the same first 20 bytes is blocked.

    If it is `hashed`, they are the first 20 bytes of the SHA-1 or the SHA-256 of the blocked infohash instead.
    """

    short = models.BinaryField("first 20 bytes of the infohash", max_length=20, primary_key=True)
    infohash = models.BinaryField("infohash as it was given", max_length=32)
    hashed = models.BooleanField("is a digest of an infohash that we do not know", default=False)
    takedown = models.ForeignKey(Takedown, on_delete=models.CASCADE, related_name="blocks")

    def __str__(self) -> str:
        shown = infohash_to_hex(bytes(self.infohash))
        return f"digest {shown}" if self.hashed else shown

    @classmethod
    def for_infohash(cls, infohash: bytes, takedown: Takedown) -> "Block":
        return cls(short=truncate_infohash(infohash), infohash=infohash, takedown=takedown)
