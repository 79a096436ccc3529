"""Heartbeats of the processes beside the web server."""

from django.db import models


class Pulse(models.Model):
    """The time of the last heartbeat of a process: a resolver, a census or another one in the background."""

    name = models.TextField(primary_key=True)
    work = models.TextField()
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.work} {self.name}"
