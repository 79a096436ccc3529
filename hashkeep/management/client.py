"""The configured clients, as commands use them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from django.conf import settings
from django.core.management.base import CommandError

from api.client_pool import UnknownClient, find_address
from clients import Client, ClientError, open_client


def configured(name: str) -> Client:
    try:
        return open_client(find_address(name))
    except UnknownClient as unknown:
        known = ", ".join(settings.CLIENTS) or "none so far; the setting CLIENTS names them"
        raise CommandError(f"{unknown} Configured: {known}.") from None


@contextmanager
def connected(name: str) -> Iterator[Client]:
    """For as long as the block lasts; whatever goes wrong with the client ends the command with a sentence."""
    with closing(configured(name)) as client:
        try:
            yield client
        except ClientError as error:
            raise CommandError(f"{name}: {error}") from None
