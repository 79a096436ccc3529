"""Which film or series of IMDb a torrent is, and the titles of IMDb that torrents are compared with."""

from django.db import models
from django.db.models.functions import Now


class Confidence(models.TextChoices):
    """How the title of a torrent was found, the surest first."""

    STATED = "told", "told by somebody"  # by a person, not by a comparison of titles
    HIGH = "high", "by title and year"
    LOW = "low", "by title, the year is one off"


class Film(models.Model):
    """Which title of IMDb a torrent is, whether it is held or not, and the source of that."""

    short = models.BinaryField("first 20 bytes of the infohash", max_length=20, unique=True)
    imdb = models.IntegerField("number at IMDb")
    title = models.TextField(default="", blank=True)
    year = models.SmallIntegerField(null=True, blank=True)
    source = models.TextField("who says so")
    confidence = models.TextField(choices=Confidence.choices, default=Confidence.STATED)
    undone = models.BooleanField(default=False)  # withdrawn: the title is wrong, and must not be found again

    class Meta:
        indexes = [models.Index("imdb", name="film_imdb")]

    def __str__(self) -> str:
        return f"tt{self.imdb:07d} {self.title}"


class TitleList(models.Model):
    """An import of the titles of IMDb. After each, all torrents are compared with the titles, from the first on."""

    read_at = models.DateTimeField(db_default=Now())
    whole = models.BooleanField("was read to its end", default=False)
    matched = models.BigIntegerField("number of the last torrent that has been compared with it", default=0)

    def __str__(self) -> str:
        return f"titles of {self.read_at:%Y-%m-%d}"


class Title(models.Model):
    """A film or series as IMDb lists it. `plain` is its title in the spelling in which titles are compared."""

    imdb = models.IntegerField("number at IMDb", primary_key=True)
    series = models.BooleanField()
    title = models.TextField()
    year = models.SmallIntegerField()
    plain = models.TextField()
    plain_original = models.TextField("the same of the original title, where it is another", default="")
    list = models.IntegerField("the last list that named it")

    class Meta:
        indexes = [
            models.Index("plain", "year", name="title_plain"),
            models.Index("plain_original", "year", name="title_plain_original"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.year})"
