"""The route /takedowns: what was taken down, when and why."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.rest.paging import PAGE_PARAMETERS, page_response, page_serializer, read_page_request
from api.rest.torrent_serializers import InfohashField
from api.rest.view import RestView
from archive.takedowns.public_notices import list_notices


class TakedownSerializer(serializers.Serializer[Any]):
    infohashes = serializers.ListField(child=InfohashField())
    reason = serializers.CharField()
    taken_at = serializers.DateTimeField()


class TakedownListView(RestView):
    @extend_schema(
        operation_id="takedowns", parameters=PAGE_PARAMETERS, responses=page_serializer(TakedownSerializer)
    )
    def get(self, request: Request) -> Response:
        """Every takedown that may be named, the newest first."""
        limit, before = read_page_request(request)
        notices = list(list_notices(before, limit + 1))
        results = [
            {"infohashes": notice.infohashes, "reason": notice.reason, "taken_at": notice.taken_at}
            for notice in notices[:limit]
        ]
        return page_response(request, results, notices[limit - 1].number if len(notices) > limit else None)
