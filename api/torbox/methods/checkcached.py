"""checkcached: which of many infohashes are held. From the index alone, unless files are asked for."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse

from api.torbox.authentication import authenticate
from api.torbox.file_list import FileLister
from api.torbox.request_body import is_true, parse_body
from api.torbox.responses import TorboxError, success_response
from archive.torrents.index_entries import TorrentSummary, find_summaries
from metainfo.errors import NotAnInfohash
from metainfo.infohash import infohash_to_hex, parse_infohash

_MAX_INFOHASHES = 20_000
_DETAIL = "Torrent cache status retrieved successfully."


def check_cached(request: HttpRequest) -> HttpResponse:
    authenticate(request)
    texts = (text for value in request.GET.getlist("hash") for text in value.split(","))
    return _cached_response(request, texts)


def check_cached_list(request: HttpRequest) -> HttpResponse:
    authenticate(request)
    # Go programs leave an empty list out, or write null for it.
    body = parse_body(request)
    hashes = body.fields.get("hashes") or ([] if body.is_json else None)
    if not isinstance(hashes, list) or len(hashes) > _MAX_INFOHASHES:
        raise TorboxError("INVALID_OPTION", f"`hashes` is a list of up to {_MAX_INFOHASHES:,} infohashes.")
    return _cached_response(request, map(str, hashes))


def _cached_response(request: HttpRequest, texts: Iterable[str]) -> HttpResponse:
    format_ = request.GET.get("format") or "object"
    if format_ not in ("object", "list"):
        raise TorboxError("INVALID_OPTION", "Invalid format. Must be one of: 'object', 'list'.")
    with_files = is_true(request.GET.get("list_files", ""))
    infohashes = dict.fromkeys(infohash for text in texts if (infohash := _parse_or_none(text)))
    held = find_summaries(infohashes)
    lister = FileLister(len(held)) if with_files else None
    rows = {infohash.hex(): _summary_fields(infohash, summary, lister) for infohash, summary in held.items()}
    # Without any row, an object is null and a list is empty; clients know both.
    return success_response(list(rows.values()) if format_ == "list" else rows or None, _DETAIL)


def _parse_or_none(text: str) -> bytes | None:
    """A text that is no infohash is left out of the answer, as one that is not held."""
    try:
        return parse_infohash(text.strip())
    except NotAnInfohash:
        return None


def _summary_fields(infohash: bytes, summary: TorrentSummary, lister: FileLister | None) -> dict[str, Any]:
    """`hash` is the infohash of the request, not the one that the torrent is stored under: clients look for it."""
    fields: dict[str, Any] = {"name": summary.name, "size": summary.size, "hash": infohash.hex()}
    files = lister.list_files(infohash_to_hex(summary.infohash), summary.files) if lister else None
    if files is not None:
        fields["files"] = [{"name": path, "size": size} for path, size in files]
    return fields
