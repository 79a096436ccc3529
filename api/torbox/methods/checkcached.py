"""checkcached: which of many infohashes are held. From the index alone, unless files are asked for."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse

from api.torbox.authentication import authenticate
from api.torbox.file_list import FileLister
from api.torbox.request_body import parse_body
from api.torbox.responses import TorboxError, success_response
from archive.torrents.catalogue import TorrentSummary, find_summaries
from metainfo.errors import NotAnInfohash
from metainfo.infohash import infohash_to_hex, parse_infohash

_MOST = 20_000
_TOLD = "Torrent cache status retrieved successfully."


def check_cached(request: HttpRequest) -> HttpResponse:
    authenticate(request)
    return _answer(request, (text for each in request.GET.getlist("hash") for text in each.split(",")))


def check_cached_list(request: HttpRequest) -> HttpResponse:
    authenticate(request)
    hashes = parse_body(request).fields.get("hashes")
    if not isinstance(hashes, list) or len(hashes) > _MOST:
        raise TorboxError("INVALID_OPTION", f"`hashes` is a list of up to {_MOST:,} infohashes.")
    return _answer(request, map(str, hashes))


def _answer(request: HttpRequest, texts: Iterable[str]) -> HttpResponse:
    form = request.GET.get("format") or "object"
    if form not in ("object", "list"):
        raise TorboxError("INVALID_OPTION", "Invalid format. Must be one of: 'object', 'list'.")
    with_files = request.GET.get("list_files", "").lower() in ("true", "1")
    asked = dict.fromkeys(infohash for text in texts if (infohash := _infohash(text)))
    held = find_summaries(asked)
    lister = FileLister(len(held)) if with_files else None
    found = {name.hex(): _told(name, brief, lister) for name, brief in held.items()}
    # Nothing at all is null here, and an empty list there; clients know both.
    return success_response(list(found.values()) if form == "list" else found or None, _TOLD)


def _infohash(text: str) -> bytes | None:
    """What is none is not cached either."""
    try:
        return parse_infohash(text.strip())
    except NotAnInfohash:
        return None


def _told(asked: bytes, brief: TorrentSummary, lister: FileLister | None) -> dict[str, Any]:
    """By the name that was asked for, since that is what clients look for."""
    told: dict[str, Any] = {"name": brief.name, "size": brief.size, "hash": asked.hex()}
    files = lister.of(infohash_to_hex(brief.infohash), brief.files) if lister else None
    if files is not None:
        told["files"] = [{"name": path, "size": size} for path, size in files]
    return told
