"""Connections to the operator's torrent clients, by the names that the setting CLIENTS gives them.

`connect_client` opens a connection for one block. `borrow_client` takes one out of a pool, in which connections stay
logged in: to log in takes qBittorrent 150 ms, on purpose, and any other call takes it a few.

Thread-safe: a connection is used by one thread at a time.
"""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from django.conf import settings
from django.db import connections

from archive.access.api_keys import ApiKey
from clients import Client, ClientAddress, Unreachable, open_client

_MAX_IDLE = 4  # connections to each client that are kept for later requests

_idle: dict[ClientAddress, list[Client]] = {}
_lock = threading.Lock()


class UnknownClient(Exception):
    """The setting CLIENTS has no client of this name."""


def find_address(name: str) -> ClientAddress:
    """Raises UnknownClient."""
    if name not in settings.CLIENTS:
        raise UnknownClient(f"There is no client called {name}.")
    address: ClientAddress = settings.CLIENTS[name]
    return address


@contextmanager
def connect_client(name: str) -> Iterator[Client]:
    """A connection of its own, closed when the block ends. Raises UnknownClient, ClientError."""
    with closing(open_client(find_address(name))) as client:
        yield client


@contextmanager
def borrow_client(key: ApiKey) -> Iterator[Client]:
    """A connection to the client that the key is bound to. Raises ClientError.

    A client may take its time. So this thread gives up its database connection while the block lasts: use the
    database before and after it.
    """
    try:
        address = find_address(key.client)
    except UnknownClient:
        raise Unreachable(
            f"This key belongs to a client called {key.client}, which is not set up here."
        ) from None
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
    with _pooled_client(address) as client:
        yield client


@contextmanager
def _pooled_client(address: ClientAddress) -> Iterator[Client]:
    with _lock:
        idle = _idle.setdefault(address, [])
        client = idle.pop() if idle else open_client(address)
    try:
        yield client
    except BaseException:
        client.close()  # it may still be busy with what took too long
        raise
    with _lock:
        if len(idle) < _MAX_IDLE:
            idle.append(client)
            return
    client.close()
