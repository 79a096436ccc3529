"""What was taken down, when and why."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.rest.paging import PAGE_PARAMETERS, page_response, page_serializer, read_window
from api.rest.serializers import InfohashField
from api.rest.view import RestView
from archive.takedowns.takedown import list_notices


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
        limit, before = read_window(request)
        found = list(list_notices(before, limit + 1))
        told = [
            {"infohashes": one.infohashes, "reason": one.reason, "taken_at": one.taken_at}
            for one in found[:limit]
        ]
        return page_response(request, told, found[limit - 1].number if len(found) > limit else None)
