"""The torrent client that a key is bound to.

To log in takes qBittorrent 150 ms, on purpose, and all else a few; who is logged in is kept for the next to come.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from archive.access.api_keys import ApiKey
from archive.db.slots import aside
from clients import Client, ClientAddress, Unreachable, open_client

_MOST = 4  # of each, kept

_kept: dict[ClientAddress, list[Client]] = {}
_lock = threading.Lock()


@contextmanager
def borrow_client(key: ApiKey) -> Iterator[Client]:
    """Its key names it. Others may work meanwhile, since it may take its time. Raises ClientError.

    The database is for before and after: its connection goes to somebody else.
    """
    if key.client not in settings.CLIENTS:
        raise Unreachable(f"This key belongs to a client called {key.client}, which is not set up here.")
    with aside(), _opened(settings.CLIENTS[key.client]) as client:
        yield client


@contextmanager
def _opened(address: ClientAddress) -> Iterator[Client]:
    with _lock:
        kept = _kept.setdefault(address, [])
        client = kept.pop() if kept else open_client(address)
    try:
        yield client
    except BaseException:
        client.close()  # it may still be busy with what took too long
        raise
    with _lock:
        if len(kept) < _MOST:
            kept.append(client)
            return
    client.close()
