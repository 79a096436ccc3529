"""Opens configured torrent clients for commands; what goes wrong becomes a CommandError."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from django.conf import settings
from django.core.management.base import CommandError

from api.client_pool import UnknownClient, find_address
from clients import Client, ClientError, open_client


def open_configured_client(name: str) -> Client:
    try:
        return open_client(find_address(name))
    except UnknownClient as unknown:
        known = ", ".join(settings.CLIENTS) or "none so far; the setting CLIENTS names them"
        raise CommandError(f"{unknown} Configured: {known}.") from None


@contextmanager
def use_configured_client(name: str) -> Iterator[Client]:
    """The client, open until the end of the block. A ClientError in the block ends the command with its message."""
    with closing(open_configured_client(name)) as client:
        try:
            yield client
        except ClientError as error:
            raise CommandError(f"{name}: {error}") from None
