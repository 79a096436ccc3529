"""How many peers torrents have, by day and country. No address of a peer is in any table."""

from django.db import models

from archive.models.torrents import Torrent


class Watched(models.Model):
    """The census of one stored torrent: the result of the last count of its peers, and when the next one is due."""

    torrent = models.OneToOneField(Torrent, on_delete=models.CASCADE, primary_key=True)
    due = models.DateTimeField(db_index=True)
    asked_at = models.DateTimeField("somebody last asked for its peers", null=True, db_index=True)
    looked_at = models.DateTimeField(null=True)
    misses = models.SmallIntegerField("looks since one that found a peer", default=1)
    peers = models.IntegerField("found by the last look", default=0)
    seeders = models.IntegerField("by a tracker's word", null=True)
    leechers = models.IntegerField("by a tracker's word", null=True)
    completed = models.IntegerField("downloads, by a tracker's word", null=True)
    known_to = models.BigIntegerField("the census that knows who was counted today", null=True)

    class Meta:
        verbose_name = "torrent in the census"
        verbose_name_plural = "torrents in the census"

    def __str__(self) -> str:
        return f"{self.torrent_id}: {self.peers}"


class PeerDay(models.Model):
    """How many distinct peers a torrent had on one day (UTC), over all counts of that day, by country."""

    pk = models.CompositePrimaryKey("torrent_id", "day")
    torrent = models.ForeignKey(Torrent, on_delete=models.CASCADE, db_index=False)
    day = models.DateField()
    countries = models.JSONField("peers by ISO 3166-1 alpha-2 code")

    def __str__(self) -> str:
        return f"{self.torrent_id} {self.day}: {self.countries}"


class CensusDay(models.Model):
    """The census of one day (UTC): of how many torrents it counted the peers, how many of them had one, and the sum.

    A peer that was in two swarms is in the sum twice.
    """

    day = models.DateField(primary_key=True)
    looked = models.BigIntegerField()
    alive = models.BigIntegerField()
    peers = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.day}: {self.peers} in {self.alive} of {self.looked}"


class CountryDay(models.Model):
    """The sum of CensusDay for the peers of one country."""

    pk = models.CompositePrimaryKey("day", "country")
    day = models.DateField()
    country = models.TextField("ISO 3166-1 alpha-2 code")
    peers = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.day} {self.country}: {self.peers}"
