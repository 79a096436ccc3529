"""mylist: the torrents of an account, with what its client knows of them.

A client may have found a torrent sooner than the archive. Then its bytes are exported from the client and deposited,
a few in each request.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

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

_MAX_LIMIT = 1_000
_MAX_EXPORTED = 5  # torrents a request
_DETAIL = "Torrent list retrieved successfully."


class _ClientView(NamedTuple):
    """What a client has of an account. `exported`: torrents that the archive does not hold."""

    torrents: dict[int, ClientTorrent]  # by the account's ids
    exported: list[bytes]


def list_torrents(request: HttpRequest) -> HttpResponse:
    """With `id` one object, without it a list. It is always fresh, so `bypass_cache` changes nothing."""
    key = authenticate(request)
    if request.GET.get("id"):
        id_ = _integer_parameter(request, "id", 0)
        [row] = _build_rows(key, lambda: [get_key_torrent(key, id_)], refuse_taken_down=True)
        return success_response(row, _DETAIL)
    offset = _integer_parameter(request, "offset", 0)
    limit = min(_integer_parameter(request, "limit", _MAX_LIMIT), _MAX_LIMIT)
    return success_response(_build_rows(key, lambda: list_key_torrents(key, offset, limit)), _DETAIL)


def _integer_parameter(request: HttpRequest, name: str, default: int) -> int:
    """Raises TorboxError."""
    return parse_integer(request.GET.get(name) or str(default), name)


def _build_rows(
    key: ApiKey, load: Callable[[], list[KeyTorrent]], *, refuse_taken_down: bool = False
) -> list[dict[str, Any]]:
    """`load` is called again after a deposit. `refuse_taken_down`: raise TakenDown instead of leaving a row out."""
    torrents = load()
    lister = FileLister(len(torrents))
    if not key.client:
        wishes = _find_wishes(torrents)
        return [
            torrent_row(key, mine, state_without_client(mine, wishes.get(mine.id)), None, lister)
            for mine in torrents
        ]
    in_client, exported = _ask_client(key, torrents) if torrents else _ClientView({}, [])
    # The account may know only one of a hybrid's two infohashes; the client knows both.
    blocked = find_blocked(infohash for torrent in in_client.values() for infohash in torrent.infohashes)
    if refuse_taken_down:
        refuse_blocked(blocked)
    if exported:
        deposit_many(exported, entry_point="torbox")
        torrents = load()
    pairs = [(mine, in_client.get(mine.id)) for mine in torrents]
    return [
        torrent_row(
            key, mine, state_in_client(known, mine.added_at) if known else missing_in_client(), known, lister
        )
        for mine, known in pairs
        if known is None or not any(infohash in blocked for infohash in known.infohashes)
    ]


def _ask_client(key: ApiKey, torrents: Sequence[KeyTorrent]) -> _ClientView:
    with borrow_client(key) as client:
        by_infohash = {
            infohash: known
            for known in _list_in_client(client, torrents)
            for infohash in _all_infohashes(known)
        }
        in_client = {
            mine.id: by_infohash[infohash]
            for mine in torrents
            for infohash in mine.infohashes
            if infohash in by_infohash
        }
        missing = [
            mine
            for mine in torrents
            if not mine.entry and mine.id in in_client and _has_metadata(in_client[mine.id])
        ]
        exported = [
            client.export(find_known_infohash(client, mine.infohashes)) for mine in missing[:_MAX_EXPORTED]
        ]
    return _ClientView(in_client, [torrent for torrent in exported if torrent])


def _list_in_client(client: Client, torrents: Sequence[KeyTorrent]) -> list[ClientTorrent]:
    if len(torrents) > 1:
        return client.torrents()
    try:
        return [client.find(find_known_infohash(client, torrents[0].infohashes))]
    except UnknownTorrent:
        return []


def _all_infohashes(torrent: ClientTorrent) -> set[bytes]:
    """v1, v2 and their truncated forms."""
    return {
        infohash
        for whole in (torrent.v1, torrent.v2)
        if whole
        for infohash in (whole, truncate_infohash(whole))
    }


def _has_metadata(torrent: ClientTorrent) -> bool:
    return torrent.size > 0 and torrent.state != "metadata"


def _find_wishes(torrents: Sequence[KeyTorrent]) -> dict[int, WishStatus]:
    """How the requests for those that are not held stand, by the account's ids."""
    missing = [mine for mine in torrents if not mine.entry]
    statuses = wish_statuses([Magnet(mine.v1, mine.v2) for mine in missing]) if missing else []
    return {mine.id: status for mine, status in zip(missing, statuses, strict=True)}
