"""torrentinfo, magnettofile and exportdata: a torrent by infohash, link, file or id. Only the last needs a key."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from api.http.torrent_response import torrent_response
from api.torbox.authentication import authenticate, count_request
from api.torbox.file_list import MAX_FILES_ALONE, file_paths
from api.torbox.methods.controltorrent import parse_torrent_id
from api.torbox.request_body import RequestFields, parse_body
from api.torbox.responses import TorboxError, success_response
from api.torbox.time_and_magnet_text import magnet_link
from archive.access.key_torrents import get_key_torrent
from archive.browse.describe import describe_torrent
from archive.torrents.resolve import parse_timeout, resolve
from archive.torrents.retrieve import RetrievedTorrent, retrieve
from metainfo import ParsedTorrent
from metainfo.decompress import decompress_torrent
from metainfo.infohash import infohash_to_hex, parse_infohash
from metainfo.magnet import parse_magnet
from server.wait import outcome_of

_INFO_DETAIL = "Successfully retrieved torrent metadata for the hash."
_EXPORT_DETAIL = "Torrent data exported successfully."


def torrent_info(request: HttpRequest) -> HttpResponse:
    count_request(request)
    return _info_response(request, RequestFields(request.GET.dict()))


def torrent_info_of_body(request: HttpRequest) -> HttpResponse:
    count_request(request)
    body = parse_body(request, "hash", "magnet", "timeout")
    return _info_response(request, RequestFields({**request.GET.dict(), **body.fields}, body.file))


def magnet_to_file(request: HttpRequest) -> HttpResponse:
    count_request(request)
    link = parse_body(request, "magnet").text("magnet")
    if not link:
        raise TorboxError("MISSING_REQUIRED_OPTION", "Send a magnet link in `magnet`.")
    return torrent_response(request, _resolve_link(request, link, settings.RESOLVE_TIMEOUT))


def export_data(request: HttpRequest) -> HttpResponse:
    key = authenticate(request)
    type_ = request.GET.get("type", "")
    if type_ not in ("magnet", "file"):
        raise TorboxError("INVALID_OPTION", "`type` is one of 'magnet', 'file'.")
    mine = get_key_torrent(key, parse_torrent_id(request.GET.get("torrent_id", "")))
    if type_ == "file":
        return torrent_response(request, retrieve(mine.infohashes[0]))
    if mine.entry is None:
        return success_response(magnet_link(mine, mine.name), _EXPORT_DETAIL)
    description = describe_torrent(parse_infohash(mine.entry.infohash))
    link = magnet_link(mine, description.metainfo.name, description.trackers)
    return success_response(link, _EXPORT_DETAIL)


def _info_response(request: HttpRequest, fields: RequestFields) -> HttpResponse:
    """An infohash comes before a magnet link, and that before a file. The file is parsed and not stored."""
    limit = settings.MAX_TORRENT_BYTES
    if link := fields.text("hash") or fields.text("magnet"):
        torrent = _resolve_link(request, link, parse_timeout(fields.text("timeout"))).torrent
    elif fields.file is not None:
        torrent = decompress_torrent(fields.file, limit)
    else:
        raise TorboxError("MISSING_REQUIRED_OPTION", "Send a `hash`, a `magnet` link or a `file`.")
    return success_response(_info_fields(ParsedTorrent(torrent, limit)), _INFO_DETAIL)


def _resolve_link(request: HttpRequest, link: str, seconds: float) -> RetrievedTorrent:
    magnet = parse_magnet(link, private=settings.BT_ALLOW_PRIVATE)
    return resolve(magnet, request.META["REMOTE_ADDR"], seconds, outcome_of(request.META))


def _info_fields(torrent: ParsedTorrent) -> dict[str, Any]:
    meta = torrent.metainfo
    fields: dict[str, Any] = {
        "name": meta.name,
        "hash": infohash_to_hex(meta.infohash).lower(),
        "size": meta.size,
        "trackers": list(meta.trackers),
    }
    if meta.file_count <= MAX_FILES_ALONE:
        fields["files"] = [{"name": path, "size": size} for path, size in file_paths(torrent)]
    return fields
