"""torrentinfo, magnettofile and exportdata: torrents by whatever names them. The first two are for everybody."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from api.http.torrent_response import torrent_response
from api.torbox.authentication import authenticate
from api.torbox.file_list import MAX_FILES_ALONE, file_paths
from api.torbox.methods.controltorrent import parse_torrent_id
from api.torbox.mylist_row import magnet_link
from api.torbox.request_body import RequestFields, parse_body
from api.torbox.responses import TorboxError, success_response
from archive.access.key_torrents import get_key_torrent
from archive.access.rate_limit import enforce_rate_limit
from archive.browse.describe import describe_torrent
from archive.torrents.resolve import parse_timeout, resolve
from archive.torrents.retrieve import RetrievedTorrent, retrieve
from metainfo import ParsedTorrent
from metainfo.decompress import decompress_torrent
from metainfo.infohash import infohash_to_hex, parse_infohash
from metainfo.magnet import parse_magnet

_TOLD = "Successfully retrieved torrent metadata for the hash."
_EXPORTED = "Torrent data exported successfully."


def torrent_info(request: HttpRequest) -> HttpResponse:
    enforce_rate_limit(request.META["REMOTE_ADDR"])
    return _info(request, RequestFields(request.GET.dict()))


def torrent_info_of_body(request: HttpRequest) -> HttpResponse:
    enforce_rate_limit(request.META["REMOTE_ADDR"])
    asked = parse_body(request, "hash", "magnet", "timeout")
    return _info(request, RequestFields({**request.GET.dict(), **asked.fields}, asked.file))


def magnet_to_file(request: HttpRequest) -> HttpResponse:
    enforce_rate_limit(request.META["REMOTE_ADDR"])
    link = parse_body(request, "magnet").text("magnet")
    if not link:
        raise TorboxError("MISSING_REQUIRED_OPTION", "Send a magnet link in `magnet`.")
    return torrent_response(request, _resolved(request, link, settings.RESOLVE_TIMEOUT))


def export_data(request: HttpRequest) -> HttpResponse:
    key = authenticate(request)
    kind = request.GET.get("type", "")
    if kind not in ("magnet", "file"):
        raise TorboxError("INVALID_OPTION", "`type` is one of 'magnet', 'file'.")
    mine = get_key_torrent(key, parse_torrent_id(request.GET.get("torrent_id", "")))
    if kind == "file":
        return torrent_response(request, retrieve(mine.infohashes[0]))
    if mine.entry is None:
        return success_response(magnet_link(mine, mine.name), _EXPORTED)
    known = describe_torrent(parse_infohash(mine.entry.infohash))
    return success_response(magnet_link(mine, known.metainfo.name, known.trackers), _EXPORTED)


def _info(request: HttpRequest, asked: RequestFields) -> HttpResponse:
    """A hash comes before a magnet link, and that before a file. The file is read and not kept."""
    limit = settings.MAX_TORRENT_BYTES
    if named := asked.text("hash") or asked.text("magnet"):
        torrent = _resolved(request, named, parse_timeout(asked.text("timeout"))).torrent
    elif asked.file is not None:
        torrent = decompress_torrent(asked.file, limit)
    else:
        raise TorboxError("MISSING_REQUIRED_OPTION", "Send a `hash`, a `magnet` link or a `file`.")
    return success_response(_told(ParsedTorrent(torrent, limit)), _TOLD)


def _resolved(request: HttpRequest, named: str, seconds: float) -> RetrievedTorrent:
    wish = parse_magnet(named, private=settings.BT_ALLOW_PRIVATE)
    return resolve(wish, request.META["REMOTE_ADDR"], seconds)


def _told(reading: ParsedTorrent) -> dict[str, Any]:
    meta = reading.metainfo
    files = (
        [{"name": path, "size": size} for path, size in file_paths(reading)]
        if meta.file_count <= MAX_FILES_ALONE
        else None
    )
    return {
        "name": meta.name,
        "hash": infohash_to_hex(meta.infohash).lower(),
        "size": meta.size,
        "trackers": list(meta.trackers),
        **({} if files is None else {"files": files}),
    }
