"""Open the store that a STORAGE_URL names."""

from collections.abc import Callable
from importlib import import_module
from urllib.parse import urlsplit

from storage.contract import Storage

_BACKENDS = {"file": "storage.filesystem", "s3": "storage.s3"}


def open_storage(url: str, is_new_archive: Callable[[], bool] = lambda: True) -> Storage:
    """The store at file:///folder or s3://bucket?endpoint=…&region=…&links=public|presigned&public=…

    Connects to nothing. `is_new_archive` tells whether no torrent is held yet, so that a folder without any object
    may become the store; otherwise such a folder is taken for a disk that is not mounted. Raises ValueError for a
    wrong URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in _BACKENDS:
        raise ValueError("A storage URL starts with file:/// or s3://.")
    # Imported by name, because boto3 is slow to import, and a folder does not need it.
    storage: Storage = import_module(_BACKENDS[parts.scheme]).from_url(parts, is_new_archive)
    return storage
