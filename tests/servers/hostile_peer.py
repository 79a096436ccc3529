"""A peer that behaves on each connection as a test says; `hostile_behaviours` has the behaviours."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.servers.libtorrent_peers import Address

PeerBehaviour = Callable[[socket.socket], None]


@contextmanager
def hostile_peer(address: Address, behave: PeerBehaviour) -> Iterator[list[Address]]:
    """Yields a list that grows by the address of each client that connects."""
    visitors: list[Address] = []
    server = socket.create_server(address)
    thread = threading.Thread(target=_accept_connections, args=(server, behave, visitors), daemon=True)
    thread.start()
    try:
        yield visitors
    finally:
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        server.close()


def _accept_connections(server: socket.socket, behave: PeerBehaviour, visitors: list[Address]) -> None:
    with suppress(OSError):
        while True:
            connection, visitor = server.accept()
            visitors.append(visitor)
            connection.settimeout(30)
            threading.Thread(target=_serve_connection, args=(connection, behave), daemon=True).start()


def _serve_connection(connection: socket.socket, behave: PeerBehaviour) -> None:
    with connection, suppress(OSError, EOFError):
        behave(connection)
