"""Django system checks that stop a start if a setting names a file, folder or storage that cannot be used.

Their tag lets a command run these alone: Django's own checks load every page first, which takes longer than most
commands do. `manage.py check` and `migrate` run Django's own too.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from storage import open_storage
from swarm.peers.country import CountryDatabase

SETTINGS_TAG = "archive"


def register_checks() -> None:
    for check in (check_storage_url, check_country_database, check_blocklists, check_client_files):
        register(check, SETTINGS_TAG)


def check_storage_url(**_: Any) -> list[CheckMessage]:
    """STORAGE_URL must be one that a storage understands; whether the storage can be reached is not asked."""
    try:
        open_storage(settings.STORAGE_URL)
    except ValueError as wrong:
        return [Error(f"STORAGE_URL: {wrong}", id="archive.E001")]
    return []


def check_country_database(**_: Any) -> list[CheckMessage]:
    """COUNTRY_DB must be a file that can be read. At its default place there need not be one."""
    path = Path(settings.COUNTRY_DB)
    if not path.exists():
        message = f"COUNTRY_DB: there is no file {path}. `manage.py countries` fetches one to there."
        return [] if path == settings.DATA_DIR / "country.mmdb" else [Error(message, id="archive.E002")]
    try:
        CountryDatabase(path)
    except ValueError as wrong:
        return [Error(f"COUNTRY_DB: {wrong}", id="archive.E002")]
    return []


def check_blocklists(**_: Any) -> list[CheckMessage]:
    """Each file in BLOCKLISTS must exist. URLs are not tried: a web server may be away for an hour."""
    sources = (source.removeprefix("hashed:") for source in filter(None, settings.BLOCKLISTS))
    return [
        Error(f"BLOCKLISTS: there is no file {source}.", id="archive.E003")
        for source in sources
        if not source.startswith(("http://", "https://")) and not Path(source).is_file()
    ]


def check_client_files(**_: Any) -> list[CheckMessage]:
    """Each entry of CLIENT_FILES must name a client of CLIENTS and a folder that exists."""
    problems = []
    for name, folder in settings.CLIENT_FILES.items():
        if name not in settings.CLIENTS:
            problems.append(f"there is no client called {name} in CLIENTS.")
        elif not folder.is_dir():
            problems.append(f"{folder} is no folder that this server can see.")
    return [Error(f"CLIENT_FILES: {problem}", id="archive.E004") for problem in problems]
