"""Asking for torrents that may not be held yet, many at once and without waiting. Our own dialect."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from rest_framework.decorators import api_view
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from archive.errors import NotAnInfohash, NotHeld, Refusal, TakenDown, TooManyWishes
from archive.infohash import parse
from archive.magnet import Magnet, read
from archive.wanted import Standing, standing, want

_MOST = 1_000  # in one request
_LONGEST = 20_000  # characters of a magnet link
_RETRY_AFTER = 30  # seconds


@api_view(["POST"])
def resolve(request: Request) -> Response:
    """A JSON list of infohashes and magnet links; 202 with how each stands, in the same order."""
    asked = [_read(text) for text in _list(request.data)]
    try:
        if not settings.RESOLVE:
            raise NotHeld("This archive does not ask the BitTorrent network.")
        standings = iter(want([one for one in asked if isinstance(one, Magnet)], request.META["REMOTE_ADDR"]))
    except Refusal as refusal:
        return _refused(refusal)
    told = [_shown(request, next(standings)) if isinstance(one, Magnet) else one for one in asked]
    return Response(told, status=202, headers={"Cache-Control": "no-store"})


@api_view(["GET"])
def wanted(request: Request, infohash: str) -> Response:
    """How one stands."""
    try:
        told = _shown(request, standing(parse(infohash)))
    except Refusal as refusal:
        return _refused(refusal)
    return Response(told, headers={"Cache-Control": "no-store"})


def _list(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise ParseError("Send a JSON list of infohashes and magnet links.")
    if len(data) > _MOST:
        raise ParseError(f"At most {_MOST:,} at once, please.")
    return data


def _read(text: Any) -> Magnet | dict[str, str]:
    """One that is no infohash spoils nothing for the others."""
    try:
        return read(text[:_LONGEST] if isinstance(text, str) else "", private=settings.BT_ALLOW_PRIVATE)
    except NotAnInfohash as refusal:
        return {"state": "refused", "reason": str(refusal)}


def _shown(request: Request, standing: Standing) -> dict[str, Any]:
    told: dict[str, Any] = {
        "infohash": standing.infohash,
        "state": standing.state,
        "url": request.build_absolute_uri(reverse("wanted", args=[standing.infohash])),
    }
    match standing.state:
        case "held":
            told["torrent"] = request.build_absolute_uri(f"/torrent/{standing.infohash}.torrent")
        case "pending":
            told |= {"searching": standing.searching, "attempts": standing.attempts}
            told |= {"since": standing.since, "next_try": standing.next_try}
        case "given up":
            told["reason"] = standing.reason
    return told


def _refused(refusal: Refusal) -> Response:
    headers = {"Cache-Control": "no-store"}
    match refusal:
        case TooManyWishes():
            headers["Retry-After"] = str(refusal.retry_after)
            return Response({"detail": str(refusal)}, status=429, headers=headers)
        case NotAnInfohash():
            return Response({"detail": str(refusal)}, status=400, headers=headers)
        case NotHeld():
            return Response({"detail": str(refusal)}, status=404, headers=headers)
        case TakenDown():
            told = {"state": "given up", "reason": f"Taken down: {refusal.reason}"}
            return Response(told, status=451, headers=headers)
    return Response(
        {"detail": str(refusal)}, status=503, headers=headers | {"Retry-After": str(_RETRY_AFTER)}
    )
