"""Asking for torrents that may not be held yet, many at once and without waiting."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from api.rest.routes.torrents import INFOHASH_PARAMETER
from api.rest.serializers import InfohashField
from api.rest.view import RestView
from archive.queue.enqueue import enqueue_wishes
from archive.queue.wish_status import WishStatus, statuses_without_network, wish_status
from metainfo.errors import NotAnInfohash
from metainfo.infohash import parse_infohash
from metainfo.magnet import Magnet, parse_magnet

_MOST = 1_000  # in one request
_LONGEST = 20_000  # characters of a magnet link
_TEXT = {
    "description": "An infohash or a magnet link; whatever else is refused alone.",
    "examples": ["0A" * 20],
}
_UNCACHED = {"Cache-Control": "no-store"}


class StandingSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(["held", "pending", "given up", "refused"])
    infohash = InfohashField(required=False)
    url = serializers.URLField(required=False, help_text="Tells how it stands later on.")
    torrent = serializers.URLField(required=False, help_text="Its bytes, if held.")
    searching = serializers.BooleanField(required=False, help_text="If pending: now, or as soon as may be.")
    attempts = serializers.IntegerField(required=False)
    since = serializers.DateTimeField(required=False)
    next_try = serializers.DateTimeField(required=False)
    reason = serializers.CharField(required=False, help_text="If given up or refused.")


class ResolveView(RestView):
    @extend_schema(
        operation_id="resolve",
        request={"application/json": {"type": "array", "items": _TEXT, "maxItems": _MOST}},
        responses={
            202: OpenApiResponse(StandingSerializer(many=True), "How each stands, in the same order.")
        },
    )
    def post(self, request: Request) -> Response:
        """Have torrents fetched from the BitTorrent network: a JSON list of infohashes and magnet links.

        An archive that does not ask the network gives up at once what it does not hold, and says so.
        """
        asked = [_read(text) for text in _list(request.data)]
        magnets = [one for one in asked if isinstance(one, Magnet)]
        found = (
            enqueue_wishes(magnets, request.META["REMOTE_ADDR"])
            if settings.RESOLVE
            else statuses_without_network(magnets)
        )
        standings = iter(found)
        told = [_shown(request, next(standings)) if isinstance(one, Magnet) else one for one in asked]
        return Response(told, status=202, headers=_UNCACHED)


class WantedView(RestView):
    @extend_schema(operation_id="wanted", parameters=INFOHASH_PARAMETER, responses=StandingSerializer)
    def get(self, request: Request, infohash: str) -> Response:
        """How a torrent stands that somebody has asked for."""
        return Response(_shown(request, wish_status(parse_infohash(infohash))), headers=_UNCACHED)


def _list(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise ParseError("Send a JSON list of infohashes and magnet links.")
    if len(data) > _MOST:
        raise ParseError(f"At most {_MOST:,} at once, please.")
    return data


def _read(text: Any) -> Magnet | dict[str, str]:
    """One that is no infohash spoils nothing for the others."""
    try:
        return parse_magnet(
            text[:_LONGEST] if isinstance(text, str) else "", private=settings.BT_ALLOW_PRIVATE
        )
    except NotAnInfohash as refusal:
        return {"state": "refused", "reason": str(refusal)}


def _shown(request: Request, standing: WishStatus) -> dict[str, Any]:
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
