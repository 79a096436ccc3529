"""Make the Client for an address."""

from importlib import import_module

from clients.address import ClientAddress
from clients.contract import Client

TIMEOUT = 10.0  # seconds that one call may take, whatever the client does


def open_client(address: ClientAddress, timeout: float = TIMEOUT) -> Client:
    """The Client at an address, each call of which takes at most `timeout` seconds. Connects to nothing."""
    # Imported by name, because the libraries are slow to import, and most programs only parse the addresses.
    client: Client = import_module(f"clients.{address.kind}").from_address(address, timeout)
    return client
