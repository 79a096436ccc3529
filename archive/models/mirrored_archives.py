"""Other archives that this one mirrors."""

from django.db import models


class Source(models.Model):
    """Another archive that this one mirrors, and up to which day it has been read."""

    url = models.TextField(unique=True)
    until = models.DateField("what was stored there before this day has been seen", null=True)

    def __str__(self) -> str:
        return self.url
