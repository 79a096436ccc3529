"""The processes in the background."""

from django.db import models


class Pulse(models.Model):
    """When a process that works in the background was last heard of."""

    name = models.TextField(primary_key=True)
    work = models.TextField()
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.work} {self.name}"
