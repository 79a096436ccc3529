"""Who holds a key."""

from django.db import models
from django.db.models.functions import Now


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
