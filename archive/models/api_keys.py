"""API keys, and the torrents in the account that each API key is."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from metainfo.infohash import infohash_to_hex


class IssuedKey(models.Model):
    """An API key: its first characters and the hash of the whole. The key itself is stored nowhere."""

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


class Belonging(models.Model):
    """A torrent of an account, which is an API key: it was requested with that key, and may be held or not.

    The infohashes are those that were known at the time of the request; the index may have another one.
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
        return infohash_to_hex(bytes(self.v1 or self.v2 or b""))
