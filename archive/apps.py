"""The archive as a Django app, and the checks that stop a start with settings that lead nowhere."""

from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db.models.signals import post_migrate

from storage import open_storage
from swarm.peers.country import CountryDatabase

OURS = "archive"  # the tag of the checks that a command runs; `manage.py check` and `migrate` run Django's own too


class ArchiveConfig(AppConfig):
    name = "archive"

    def ready(self) -> None:
        count = import_module(
            "archive.torrents.count"
        )  # it needs the models, which are loaded by now and not before
        post_migrate.connect(count.prepare_tallies, sender=self)


@register(OURS)
def storage_url_is_sound(**_: Any) -> list[CheckMessage]:
    try:
        open_storage(settings.STORAGE_URL)
    except ValueError as wrong:
        return [Error(f"STORAGE_URL: {wrong}", id="archive.E001")]
    return []


@register(OURS)
def country_database_is_sound(**_: Any) -> list[CheckMessage]:
    """Where none is named there need not be one."""
    path = Path(settings.COUNTRY_DB)
    if not path.exists():
        told = f"COUNTRY_DB: there is no file {path}. `manage.py countries` fetches one to there."
        return [] if path == settings.DATA_DIR / "country.mmdb" else [Error(told, id="archive.E002")]
    try:
        CountryDatabase(path)
    except ValueError as wrong:
        return [Error(f"COUNTRY_DB: {wrong}", id="archive.E002")]
    return []


@register(OURS)
def blocklists_are_there(**_: Any) -> list[CheckMessage]:
    """Those that are files; a web server may be away for an hour."""
    names = (source.removeprefix("hashed:") for source in filter(None, settings.BLOCKLISTS))
    return [
        Error(f"BLOCKLISTS: there is no file {name}.", id="archive.E003")
        for name in names
        if not name.startswith(("http://", "https://")) and not Path(name).is_file()
    ]


@register(OURS)
def client_files_are_there(**_: Any) -> list[CheckMessage]:
    wrong = []
    for name, folder in settings.CLIENT_FILES.items():
        if name not in settings.CLIENTS:
            wrong.append(f"there is no client called {name} in CLIENTS.")
        elif not folder.is_dir():
            wrong.append(f"{folder} is no folder that this server can see.")
    return [Error(f"CLIENT_FILES: {words}", id="archive.E004") for words in wrong]
