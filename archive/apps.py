"""The archive as a Django app, and the checks that stop a start with wrong settings."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db.models.signals import post_migrate

from storage import open_storage

LARGEST_TORRENT = 32_000_000


class ArchiveConfig(AppConfig):
    name = "archive"

    def ready(self) -> None:
        count = import_module("archive.count")  # it needs the models, which are loaded by now and not before
        post_migrate.connect(count.start_tally, sender=self)


@register()
def settings_are_sound(**_: Any) -> list[CheckMessage]:
    """Each wrong value is one error that names the setting and what it may be."""
    errors: list[CheckMessage] = []
    if settings.PRIVATE_TORRENTS not in ("refuse", "keep"):
        errors.append(Error("PRIVATE_TORRENTS is either refuse or keep.", id="archive.E001"))
    if not 1 <= settings.MAX_TORRENT_BYTES <= LARGEST_TORRENT:
        errors.append(Error(f"MAX_TORRENT_BYTES is from 1 to {LARGEST_TORRENT}.", id="archive.E002"))
    if settings.PUBLIC_URL and not settings.PUBLIC_URL.startswith(("http://", "https://")):
        errors.append(Error("PUBLIC_URL begins with http:// or https://.", id="archive.E003"))
    try:
        open_storage(settings.STORAGE_URL)
    except ValueError as wrong:
        errors.append(Error(f"STORAGE_URL: {wrong}", id="archive.E004"))
    return errors
