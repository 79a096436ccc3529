"""createtorrent and asynccreatetorrent: a torrent is archived, and goes to the client that the key is bound to."""

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from api.client_pool import borrow_client
from api.torbox.authentication import auth_id, authenticate
from api.torbox.mylist_row import magnet_link
from api.torbox.request_body import RequestFields, parse_body
from api.torbox.responses import TorboxError, success_response
from archive.access.api_keys import ApiKey
from archive.access.key_torrents import KeyTorrent, add_key_torrent, mark_in_client
from archive.errors import NotHeld, StillWanted
from archive.torrents.catalogue import find_entry
from archive.torrents.deposit import deposit
from archive.torrents.resolve import resolve
from archive.torrents.retrieve import retrieve
from clients import RejectedTracker, TorrentToAdd
from metainfo import parse_torrent
from metainfo.decompress import decompress_torrent
from metainfo.errors import NotAnInfohash
from metainfo.infohash import parse_infohash
from metainfo.magnet import Magnet, parse_magnet

_FIELDS = ("magnet", "name", "seed", "allow_zip", "as_queued", "add_only_if_cached")
_CREATED = "Torrent created successfully."
_CACHED = "Found Cached Torrent. Using Cached Torrent."


class _Found(NamedTuple):
    """What was asked for: its bytes, or a link where nobody has brought them so far."""

    content: bytes | str
    named: Magnet
    held: bool


def create_torrent(request: HttpRequest) -> HttpResponse:
    """Waits for the network as long as other doors do."""
    return _create(request, settings.RESOLVE_TIMEOUT)


def create_torrent_at_once(request: HttpRequest) -> HttpResponse:
    return _create(request, 0)


def _create(request: HttpRequest, seconds: float) -> HttpResponse:
    key = authenticate(request)
    asked = parse_body(request, *_FIELDS)
    link = asked.text("magnet")
    # Its npm SDK takes any other `error` of this status for a broken answer.
    if not link and asked.file is None:
        raise TorboxError(True, "Send a magnet link in `magnet`, or a torrent in `file`.")
    if link and asked.file is not None:
        raise TorboxError(True, "Send either a magnet link or a torrent, not both.")
    found = _linked(request, key, asked, seconds) if link else _sent(asked.file or b"")
    mine = _taken(key, found, asked.text("name"))
    told = {"torrent_id": mine.id, "auth_id": auth_id(key), "hash": mine.infohashes[0].hex()}
    return success_response(told, _CACHED if found.held else _CREATED)


def _sent(file: bytes) -> _Found:
    held = not deposit(file, entry_point="torbox").new
    limit = settings.MAX_TORRENT_BYTES
    torrent = decompress_torrent(file, limit)
    meta = parse_torrent(torrent, limit)
    return _Found(torrent, Magnet(meta.v1, meta.v2), held)


def _linked(request: HttpRequest, key: ApiKey, asked: RequestFields, seconds: float) -> _Found:
    try:
        wish = parse_magnet(asked.text("magnet"), private=settings.BT_ALLOW_PRIVATE)
    except NotAnInfohash as wrong:
        raise TorboxError("BOZO_TORRENT", str(wrong), 422) from None
    try:
        entry = find_entry(wish)
    except NotHeld:
        if asked.flag("add_only_if_cached"):
            raise TorboxError("DOWNLOAD_NOT_CACHED", "This torrent is not held here.", 404) from None
        return _fetched(wish, request.META["REMOTE_ADDR"], seconds, bool(key.client))
    return _Found(retrieve(parse_infohash(entry.infohash)).torrent, wish, True)


def _fetched(wish: Magnet, asker: str, seconds: float, has_client: bool) -> _Found:
    """A client may find what the resolver does not; and where there is none, it is looked for further."""
    try:
        return _Found(resolve(wish, asker, seconds).torrent, wish, False)
    except NotHeld as refusal:
        if not (has_client or isinstance(refusal, StillWanted)):
            raise
    return _Found(_link(wish), wish, False)


def _link(wish: Magnet) -> str:
    """Written anew: clients take a line of the original for another link."""
    peers = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in wish.peers)
    return magnet_link(wish, wish.name, wish.trackers) + "".join(f"&x.pe={peer}" for peer in peers)


def _taken(key: ApiKey, found: _Found, name: str) -> KeyTorrent:
    """Into the client first: where that fails, there is nothing to be undone."""
    if not key.client:
        return add_key_torrent(key, found.named, name)
    names, missing = found.named.infohashes, list[str]()
    if isinstance(found.content, bytes):
        meta = parse_torrent(found.content, settings.MAX_TORRENT_BYTES)
        names = tuple(filter(None, (meta.v1, meta.v2)))
        missing = [url for url in found.named.trackers if url not in meta.trackers]
    with borrow_client(key) as client:
        new = client.add(TorrentToAdd(found.content, names))
    mine = add_key_torrent(key, found.named, name)
    mark_in_client(key, mine, new=new)
    if missing:
        _tell(key, names[0], missing)
    return mine


def _tell(key: ApiKey, infohash: bytes, trackers: Iterable[str]) -> None:
    """The link's trackers that the torrent does not name: there may be no other way to find anybody."""
    with borrow_client(key) as client:
        for url in trackers:
            with suppress(RejectedTracker):
                client.add_tracker(infohash, url)
