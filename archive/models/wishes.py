"""The queue of wishes: torrents that are searched for in the BitTorrent network."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from metainfo.infohash import infohash_to_hex


class Wanted(models.Model):
    """A wish: a torrent that was asked for and is not held. The addresses of those requests are not written down.

    Nor are the peers that a magnet link names: they go from process to process (`archive.queue.received_peer_hints`).
    """

    names = models.BinaryField("the infohashes asked for, one behind the other", max_length=52, unique=True)
    v1 = models.BinaryField("v1 or truncated v2 infohash", max_length=20, null=True, db_index=True)
    v2 = models.BinaryField("v2 infohash", max_length=32, null=True, db_index=True)
    trackers = models.JSONField(default=list)
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
        verbose_name = "wish"
        verbose_name_plural = "wishes"

    def __str__(self) -> str:
        return infohash_to_hex(bytes(self.v1 or self.v2 or b""))
