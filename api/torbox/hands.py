"""The torrent client that a key is bound to."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from django.conf import settings

from archive.keys import Key
from archive.turns import aside
from clients import Client, Unreachable, open_client


@contextmanager
def client_of(key: Key) -> Iterator[Client]:
    """Its key names it. Others may work meanwhile, since it may take its time. Raises ClientError.

    The database is for before and after: its connection goes to somebody else.
    """
    if key.client not in settings.CLIENTS:
        raise Unreachable(f"This key belongs to a client called {key.client}, which is not set up here.")
    with aside(), closing(open_client(settings.CLIENTS[key.client])) as client:
        yield client
