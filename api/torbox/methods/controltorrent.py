"""controltorrent: what a client is to do with a torrent of the account, or with all of them."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from api.client_pool import borrow_client
from api.torbox.authentication import authenticate
from api.torbox.request_body import parse_body, parse_integer
from api.torbox.responses import TorboxError, success_response
from archive.access.api_keys import ApiKey
from archive.access.key_torrents import (
    KeyTorrent,
    get_key_torrent,
    is_shared_in_client,
    list_key_torrents,
    remove_key_torrents,
)
from archive.queue.enqueue import enqueue_wishes
from clients import Client, UnknownTorrent, find_known_infohash
from metainfo.magnet import Magnet

_OPERATIONS: dict[str, Callable[[Client, bytes], None]] = {
    "reannounce": lambda client, infohash: client.reannounce(infohash),
    "resume": lambda client, infohash: client.start(infohash),
    "pause": lambda client, infohash: client.stop(infohash),
    "stop_seeding": lambda client, infohash: client.stop(infohash),
}
_NAMES = ", ".join(f"'{name}'" for name in (*_OPERATIONS, "delete"))
_DONE = "Torrent operation processed successfully."


def control_torrent(request: HttpRequest) -> HttpResponse:
    key = authenticate(request)
    asked = parse_body(request, "torrent_id", "operation", "all")
    operation = asked.text("operation").lower()
    if operation not in ("delete", *_OPERATIONS):
        raise TorboxError("INVALID_OPTION", f"An operation is one of {_NAMES}.")
    everything = asked.flag("all")
    chosen = (
        list_key_torrents(key)
        if everything
        else [get_key_torrent(key, parse_torrent_id(asked.text("torrent_id")))]
    )
    if operation == "delete":
        _delete(key, chosen)
    elif key.client:
        _tell(key, operation, chosen, lenient=everything)
    elif operation == "reannounce":
        _look_again(chosen, request.META["REMOTE_ADDR"])
    else:
        raise TorboxError(
            "INVALID_OPTION", "This key has no torrent client; there is nothing to pause or resume."
        )
    return success_response(None, _DONE)


def delete_torrent(request: HttpRequest, number: str) -> HttpResponse:
    """Decypharr's way to say it; what else it sends repeats it."""
    key = authenticate(request)
    _delete(key, [get_key_torrent(key, parse_torrent_id(number))])
    return success_response(None, _DONE)


def parse_torrent_id(text: str) -> int:
    """The id of a torrent. Raises Failed."""
    if not text:
        raise TorboxError("MISSING_REQUIRED_OPTION", "Say which torrent in `torrent_id`.")
    return parse_integer(text, "torrent_id")


def _tell(key: ApiKey, operation: str, chosen: Sequence[KeyTorrent], *, lenient: bool) -> None:
    """Lenient: of all torrents, some may not be in the client any more."""
    with borrow_client(key) as client:
        for mine in chosen:
            try:
                _OPERATIONS[operation](client, find_known_infohash(client, mine.infohashes))
            except UnknownTorrent:
                if not lenient:
                    raise


def _delete(key: ApiKey, chosen: Sequence[KeyTorrent]) -> None:
    """With its content, as TorBox does; but what the client had before, or has for another account too, stays."""
    ours = [mine for mine in chosen if key.client and mine.brought and not is_shared_in_client(key, mine)]
    if ours:
        with borrow_client(key) as client:
            for mine in ours:
                with suppress(UnknownTorrent):
                    client.remove(find_known_infohash(client, mine.infohashes), data=True)
    remove_key_torrents(key, *(mine.id for mine in chosen))


def _look_again(chosen: Sequence[KeyTorrent], asker: str) -> None:
    sought = [Magnet(mine.v1, mine.v2) for mine in chosen if not mine.entry]
    if sought and settings.RESOLVE:
        enqueue_wishes(sought, asker)
