"""The Django app `archive`: after each migration it prepares the table that counts the torrents."""

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ArchiveConfig(AppConfig):
    name = "archive"

    def ready(self) -> None:
        # That module imports the models, which Django has loaded by now, but not yet when it imports this one.
        count = import_module("archive.torrents.count")
        post_migrate.connect(count.prepare_tallies, sender=self)
