"""Figures about the archive."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.rest.resource import Resource
from archive.count import count


class StatsSerializer(serializers.Serializer[Any]):
    torrents = serializers.IntegerField(help_text="How many are stored, exactly.")


class Stats(Resource):
    @extend_schema(operation_id="stats", responses=StatsSerializer)
    def get(self, request: Request) -> Response:
        """How many torrents are stored."""
        return Response({"torrents": count()}, headers={"Cache-Control": "no-store"})
