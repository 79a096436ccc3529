"""Which titles torrents are."""

from django.db import models


class Film(models.Model):
    """Which title at IMDb a torrent is, held or not, and who says so."""

    short = models.BinaryField("first 20 bytes of the infohash", max_length=20, primary_key=True)
    imdb = models.IntegerField("number at IMDb", db_index=True)
    title = models.TextField(default="", blank=True)
    source = models.TextField("who says so")

    def __str__(self) -> str:
        return f"tt{self.imdb:07d} {self.title}"
