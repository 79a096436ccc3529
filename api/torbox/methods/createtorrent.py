"""createtorrent and asynccreatetorrent: archive a torrent, and add it to the client that the key is bound to.

1. The torrent of the file is deposited, or the link's is retrieved, or fetched from the network.
2. It is added to the key's client: with its bytes, or with the link where the network did not bring them in time.
3. It is added to the account.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from api.client_pool import borrow_client
from api.torbox.authentication import auth_id, authenticate
from api.torbox.request_body import RequestFields, parse_body
from api.torbox.responses import TorboxError, success_response
from api.torbox.time_and_magnet_text import magnet_link
from archive.access.api_keys import ApiKey
from archive.access.key_torrents import KeyTorrent, add_key_torrent, mark_in_client
from archive.errors import NotHeld, StillWanted
from archive.torrents.deposit import deposit
from archive.torrents.index_entries import find_entry
from archive.torrents.resolve import resolve
from archive.torrents.retrieve import retrieve
from clients import RejectedTracker, TorrentToAdd
from metainfo import parse_torrent
from metainfo.decompress import decompress_torrent
from metainfo.errors import NotAnInfohash
from metainfo.infohash import parse_infohash
from metainfo.magnet import Magnet, parse_magnet
from server.wait import outcome_of

_FIELDS = ("magnet", "name", "seed", "allow_zip", "as_queued", "add_only_if_cached")
_CREATED = "Torrent created successfully."
_CACHED = "Found Cached Torrent. Using Cached Torrent."


class _RequestedTorrent(NamedTuple):
    """`content`: its bytes, or a magnet link while they are not held. `was_held`: before this request."""

    content: bytes | str
    magnet: Magnet
    was_held: bool


def create_torrent(request: HttpRequest) -> HttpResponse:
    """Waits for the network as long as other dialects do."""
    return _create_and_answer(request, settings.RESOLVE_TIMEOUT)


def create_torrent_at_once(request: HttpRequest) -> HttpResponse:
    """Does not wait for the network."""
    return _create_and_answer(request, 0)


def _create_and_answer(request: HttpRequest, seconds: float) -> HttpResponse:
    key = authenticate(request)
    body = parse_body(request, *_FIELDS)
    has_link = bool(body.text("magnet"))
    file = body.file or (None if has_link else body.file)  # an empty file beside a link is a field left empty
    # TorBox's npm SDK takes any other `error` than true, with this status, for a broken answer.
    if not has_link and file is None:
        raise TorboxError(True, "Send a magnet link in `magnet`, or a torrent in `file`.")
    if has_link and file is not None:
        raise TorboxError(True, "Send either a magnet link or a torrent, not both.")
    torrent = _find_by_link(request, key, body, seconds) if has_link else _deposit_file(file or b"")
    mine = _add_to_account(key, torrent, body.text("name"))
    data = {"torrent_id": mine.id, "auth_id": auth_id(key), "hash": mine.infohashes[0].hex()}
    return success_response(data, _CACHED if torrent.was_held else _CREATED)


def _deposit_file(file: bytes) -> _RequestedTorrent:
    was_held = not deposit(file, entry_point="torbox").new
    limit = settings.MAX_TORRENT_BYTES
    torrent = decompress_torrent(file, limit)
    meta = parse_torrent(torrent, limit)
    return _RequestedTorrent(torrent, Magnet(meta.v1, meta.v2), was_held)


def _find_by_link(
    request: HttpRequest, key: ApiKey, body: RequestFields, seconds: float
) -> _RequestedTorrent:
    try:
        magnet = parse_magnet(body.text("magnet"), private=settings.BT_ALLOW_PRIVATE)
    except NotAnInfohash as wrong:
        raise TorboxError("BOZO_TORRENT", str(wrong), 422) from None
    if outcome_of(request.META) is None:
        with suppress(NotHeld):
            entry = find_entry(magnet)
            return _RequestedTorrent(retrieve(parse_infohash(entry.infohash)).torrent, magnet, True)
        if body.flag("add_only_if_cached"):
            raise TorboxError("DOWNLOAD_NOT_CACHED", "This torrent is not held here.", 404)
    return _fetch_from_network(request, magnet, seconds, bool(key.client))


def _fetch_from_network(
    request: HttpRequest, magnet: Magnet, seconds: float, has_client: bool
) -> _RequestedTorrent:
    """With only a link where the network does not bring the torrent in time: a client may find it by itself, and
    the wish for it goes on."""
    try:
        torrent = resolve(magnet, request.META["REMOTE_ADDR"], seconds, outcome_of(request.META))
        deposit(torrent.torrent, entry_point="torbox")  # a waiting request may get it before it is stored
        return _RequestedTorrent(torrent.torrent, magnet, False)
    except NotHeld as refusal:
        if not (has_client or isinstance(refusal, StillWanted)):
            raise
    return _RequestedTorrent(_rewrite_link(magnet), magnet, False)


def _rewrite_link(magnet: Magnet) -> str:
    """The link is written anew, since clients take a line break in the original for another link."""
    peers = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in magnet.peers)
    return magnet_link(magnet, magnet.name, magnet.trackers) + "".join(f"&x.pe={peer}" for peer in peers)


def _add_to_account(key: ApiKey, torrent: _RequestedTorrent, name: str) -> KeyTorrent:
    """To the client first: where that fails, there is nothing to be undone."""
    if not key.client:
        return add_key_torrent(key, torrent.magnet, name)
    infohashes, missing_trackers = torrent.magnet.infohashes, list[str]()
    if isinstance(torrent.content, bytes):
        meta = parse_torrent(torrent.content, settings.MAX_TORRENT_BYTES)
        infohashes = tuple(filter(None, (meta.v1, meta.v2)))
        missing_trackers = [url for url in torrent.magnet.trackers if url not in meta.trackers]
    with borrow_client(key) as client:
        is_new = client.add(TorrentToAdd(torrent.content, infohashes))
    mine = add_key_torrent(key, torrent.magnet, name)
    mark_in_client(key, mine, new=is_new)
    if missing_trackers:
        _add_trackers(key, infohashes[0], missing_trackers)
    return mine


def _add_trackers(key: ApiKey, infohash: bytes, trackers: Iterable[str]) -> None:
    """The link's trackers that the torrent itself does not have: there may be no other way to find peers."""
    with borrow_client(key) as client:
        for url in trackers:
            with suppress(RejectedTracker):
                client.add_tracker(infohash, url)
