"""mylist: the torrents of an account, and what its client tells of them."""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse

from api.client_pool import borrow_client
from api.torbox.authentication import authenticate
from api.torbox.download_state import missing_in_client, state_in_client, state_without_client
from api.torbox.file_list import FileLister
from api.torbox.mylist_row import torrent_row
from api.torbox.request_body import parse_integer
from api.torbox.responses import success_response
from archive.access.api_keys import ApiKey
from archive.access.key_torrents import KeyTorrent, get_key_torrent, list_key_torrents
from archive.queue.wish_status import WishStatus, wish_statuses
from archive.takedowns.find_blocked import find_blocked, refuse_blocked
from archive.torrents.deposit import deposit_many
from clients import Client, ClientTorrent, UnknownTorrent, find_known_infohash
from metainfo.infohash import truncate_infohash
from metainfo.magnet import Magnet

_MOST = 1_000
_LEARNT = 5  # torrents at a time
_LISTED = "Torrent list retrieved successfully."


def list_torrents(request: HttpRequest) -> HttpResponse:
    """`id` makes it one object. What is told is always fresh, so `bypass_cache` changes nothing."""
    key = authenticate(request)
    if request.GET.get("id"):
        id_ = integer_parameter(request, "id", 0)
        return success_response(_rows(key, lambda: [get_key_torrent(key, id_)], alone=True)[0], _LISTED)
    first, most = (
        integer_parameter(request, "offset", 0),
        min(integer_parameter(request, "limit", _MOST), _MOST),
    )
    return success_response(_rows(key, lambda: list_key_torrents(key, first, most)), _LISTED)


def integer_parameter(request: HttpRequest, name: str, default: int) -> int:
    """Raises Failed."""
    return parse_integer(request.GET.get(name) or str(default), name)


def _rows(key: ApiKey, owned: Callable[[], list[KeyTorrent]], *, alone: bool = False) -> list[dict[str, Any]]:
    """`alone`: one that was taken down is refused, and not just left out."""
    mine = owned()
    lister = FileLister(len(mine))
    if not key.client:
        standings = _standings(mine)
        return [
            torrent_row(key, each, state_without_client(each, standings.get(each.id)), None, lister)
            for each in mine
        ]
    theirs, learnt = _theirs(key, mine) if mine else ({}, [])
    # A link names one of a hybrid's two infohashes, and the client knows both.
    refused = find_blocked(name for has in theirs.values() for name in has.infohashes)
    if alone:
        refuse_blocked(refused)
    if learnt:
        deposit_many(learnt, entry_point="torbox")
        mine = owned()
    pairs = [(each, theirs.get(each.id)) for each in mine]
    return [
        torrent_row(key, each, state_in_client(has) if has else missing_in_client(), has, lister)
        for each, has in pairs
        if has is None or not any(name in refused for name in has.infohashes)
    ]


def _theirs(key: ApiKey, mine: Sequence[KeyTorrent]) -> tuple[dict[int, ClientTorrent], list[bytes]]:
    """What the client has of them, by the account's ids; and torrents that it has found sooner than we."""
    with borrow_client(key) as client:
        by_name = {name: each for each in _listed(client, mine) for name in _names(each)}
        theirs = {each.id: by_name[name] for each in mine for name in each.infohashes if name in by_name}
        found = [each for each in mine if not each.entry and each.id in theirs and _is_known(theirs[each.id])]
        exported = [client.export(find_known_infohash(client, each.infohashes)) for each in found[:_LEARNT]]
    return theirs, [torrent for torrent in exported if torrent]


def _listed(client: Client, mine: Sequence[KeyTorrent]) -> list[ClientTorrent]:
    if len(mine) > 1:
        return client.torrents()
    try:
        return [client.find(find_known_infohash(client, mine[0].infohashes))]
    except UnknownTorrent:
        return []


def _names(torrent: ClientTorrent) -> set[bytes]:
    return {name for whole in (torrent.v1, torrent.v2) if whole for name in (whole, truncate_infohash(whole))}


def _is_known(torrent: ClientTorrent) -> bool:
    """Whether the client has its metadata."""
    return torrent.size > 0 and torrent.state != "metadata"


def _standings(mine: Sequence[KeyTorrent]) -> dict[int, WishStatus]:
    sought = [each for each in mine if not each.entry]
    found = wish_statuses([Magnet(each.v1, each.v2) for each in sought]) if sought else []
    return {each.id: standing for each, standing in zip(sought, found, strict=True)}
