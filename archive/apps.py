"""The Django app `archive`: after each migration it prepares the table that counts the torrents."""

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ArchiveConfig(AppConfig):
    name = "archive"

    def ready(self) -> None:
        # That module imports the models, which Django has loaded by now, but not yet when it imports this one.
        recount = import_module("archive.torrents.recount")
        post_migrate.connect(recount.prepare_tallies, sender=self)
