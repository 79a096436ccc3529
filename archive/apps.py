"""The archive as a Django app, and the checks that stop a start with a wrong STORAGE_URL or CLIENT_FILES."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db.models.signals import post_migrate

from storage import open_storage


class ArchiveConfig(AppConfig):
    name = "archive"

    def ready(self) -> None:
        count = import_module("archive.count")  # it needs the models, which are loaded by now and not before
        post_migrate.connect(count.start_tally, sender=self)


@register()
def storage_url_is_sound(**_: Any) -> list[CheckMessage]:
    try:
        open_storage(settings.STORAGE_URL)
    except ValueError as wrong:
        return [Error(f"STORAGE_URL: {wrong}", id="archive.E001")]
    return []


@register()
def client_files_are_there(**_: Any) -> list[CheckMessage]:
    wrong = []
    for name, folder in settings.CLIENT_FILES.items():
        if name not in settings.CLIENTS:
            wrong.append(f"there is no client called {name} in CLIENTS.")
        elif not folder.is_dir():
            wrong.append(f"{folder} is no folder that this server can see.")
    return [Error(f"CLIENT_FILES: {words}", id="archive.E002") for words in wrong]
