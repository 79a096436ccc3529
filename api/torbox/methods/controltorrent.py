"""controltorrent: start, stop, reannounce or delete a torrent of the account in its client, or all of them."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from api.client_pool import borrow_client
from api.torbox.authentication import authenticate
from api.torbox.request_body import parse_body, parse_integer
from api.torbox.responses import TorboxError, success_response
from api.torbox.stall import note_movement
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
_OPERATION_NAMES = ", ".join(f"'{name}'" for name in (*_OPERATIONS, "delete"))
_DETAIL = "Torrent operation processed successfully."


def control_torrent(request: HttpRequest) -> HttpResponse:
    key = authenticate(request)
    body = parse_body(request, "torrent_id", "operation", "all")
    operation = body.text("operation").lower()
    if operation not in ("delete", *_OPERATIONS):
        raise TorboxError("INVALID_OPTION", f"An operation is one of {_OPERATION_NAMES}.")
    is_all = body.flag("all")
    torrents = list_key_torrents(key) if is_all else [_find_torrent(key, body.text("torrent_id"))]
    if operation == "delete":
        _delete_torrents(key, torrents)
    elif key.client:
        _operate_client(key, operation, torrents, ignore_missing=is_all)
    elif operation == "reannounce":
        _enqueue_again(torrents, request.META["REMOTE_ADDR"])
    else:
        raise TorboxError(
            "INVALID_OPTION", "This key has no torrent client; there is nothing to pause or resume."
        )
    return success_response(None, _DETAIL)


def delete_torrent(request: HttpRequest, number: str) -> HttpResponse:
    """The way in which Decypharr deletes; its body says the same again."""
    key = authenticate(request)
    _delete_torrents(key, [_find_torrent(key, number)])
    return success_response(None, _DETAIL)


def parse_torrent_id(text: str) -> int:
    """Raises TorboxError."""
    if not text:
        raise TorboxError("MISSING_REQUIRED_OPTION", "Say which torrent in `torrent_id`.")
    return parse_integer(text, "torrent_id")


def _find_torrent(key: ApiKey, id_: str) -> KeyTorrent:
    return get_key_torrent(key, parse_torrent_id(id_))


def _operate_client(
    key: ApiKey, operation: str, torrents: Sequence[KeyTorrent], *, ignore_missing: bool
) -> None:
    """`ignore_missing`: go on where a torrent is not in the client any more."""
    with borrow_client(key) as client:
        for mine in torrents:
            try:
                infohash = find_known_infohash(client, mine.infohashes)
                _OPERATIONS[operation](client, infohash)
                if operation in ("resume", "reannounce"):
                    note_movement(client.find(infohash))
            except UnknownTorrent:
                if not ignore_missing:
                    raise


def _delete_torrents(key: ApiKey, torrents: Sequence[KeyTorrent]) -> None:
    """With their content, as TorBox does. What the client had before, or has for another account too, stays."""
    in_client = [
        mine for mine in torrents if key.client and mine.added_by_us and not is_shared_in_client(key, mine)
    ]
    if in_client:
        with borrow_client(key) as client:
            for mine in in_client:
                with suppress(UnknownTorrent):
                    client.remove(find_known_infohash(client, mine.infohashes), data=True)
    remove_key_torrents(key, *(mine.id for mine in torrents))


def _enqueue_again(torrents: Sequence[KeyTorrent], address: str) -> None:
    magnets = [Magnet(mine.v1, mine.v2) for mine in torrents if not mine.entry]
    if magnets and settings.RESOLVE:
        enqueue_wishes(magnets, address)
