"""The routes /resolve and /wanted: ask for torrents that may not be held yet, many at once, without waiting."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from api.rest.routes.torrents import INFOHASH_PARAMETER
from api.rest.torrent_serializers import InfohashField
from api.rest.view import RestView
from archive.queue.enqueue import enqueue_wishes
from archive.queue.wish_status import WishStatus, statuses_without_network, wish_status
from metainfo.errors import NotAnInfohash
from metainfo.infohash import parse_infohash
from metainfo.magnet import Magnet, parse_magnet

_MAX_MAGNETS = 1_000  # in one request
_MAX_LINK = 20_000  # characters of a magnet link
_MAGNET_SCHEMA = {
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
    unused = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Trackers and peers of the link that are left out: malformed, private, or too many.",
    )


class ResolveView(RestView):
    @extend_schema(
        operation_id="resolve",
        request={"application/json": {"type": "array", "items": _MAGNET_SCHEMA, "maxItems": _MAX_MAGNETS}},
        responses={
            202: OpenApiResponse(StandingSerializer(many=True), "How each stands, in the same order.")
        },
    )
    def post(self, request: Request) -> Response:
        """Have torrents fetched from the BitTorrent network: a JSON list of infohashes and magnet links.

        An archive that does not ask the network gives up at once what it does not hold, and says so.
        """
        parsed = [_parse_magnet_text(text) for text in _parse_list(request.data)]
        magnets = [item for item in parsed if isinstance(item, Magnet)]
        statuses = iter(
            enqueue_wishes(magnets, request.META["REMOTE_ADDR"])
            if settings.RESOLVE
            else statuses_without_network(magnets)
        )
        answer = [
            _status_fields(request, next(statuses)) | _unused_fields(item)
            if isinstance(item, Magnet)
            else item
            for item in parsed
        ]
        return Response(answer, status=202, headers=_UNCACHED)


class WantedView(RestView):
    @extend_schema(operation_id="wanted", parameters=INFOHASH_PARAMETER, responses=StandingSerializer)
    def get(self, request: Request, infohash: str) -> Response:
        """How a torrent stands that somebody has asked for."""
        return Response(_status_fields(request, wish_status(parse_infohash(infohash))), headers=_UNCACHED)


def _parse_list(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise ParseError("Send a JSON list of infohashes and magnet links.")
    if len(data) > _MAX_MAGNETS:
        raise ParseError(f"At most {_MAX_MAGNETS:,} at once, please.")
    return data


def _parse_magnet_text(text: Any) -> Magnet | dict[str, str]:
    """A text that is no infohash has an answer of its own, and does not spoil the request."""
    try:
        return parse_magnet(
            text[:_MAX_LINK] if isinstance(text, str) else "", private=settings.BT_ALLOW_PRIVATE
        )
    except NotAnInfohash as refusal:
        return {"state": "refused", "reason": str(refusal)}


def _unused_fields(magnet: Magnet) -> dict[str, list[str]]:
    return {"unused": list(magnet.unused)} if magnet.unused else {}


def _status_fields(request: Request, status: WishStatus) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "infohash": status.infohash,
        "state": status.state,
        "url": request.build_absolute_uri(reverse("wanted", args=[status.infohash])),
    }
    match status.state:
        case "held":
            fields["torrent"] = request.build_absolute_uri(f"/torrent/{status.infohash}.torrent")
        case "pending":
            fields |= {"searching": status.searching, "attempts": status.attempts}
            fields |= {"since": status.since, "next_try": status.next_try}
        case "given up":
            fields["reason"] = status.reason
    return fields
