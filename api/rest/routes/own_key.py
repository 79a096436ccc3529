"""The route /key: the caller's own API key."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.rest.view import RestView
from archive.access.api_keys import authorize_key


class KeySerializer(serializers.Serializer[Any]):
    prefix = serializers.CharField(help_text="How it begins, which is no secret.")
    name = serializers.CharField()
    client = serializers.CharField(help_text="The torrent client that it belongs to; may be empty.")
    state = serializers.CharField()
    issued_at = serializers.DateTimeField()


class OwnKeyView(RestView):
    @extend_schema(operation_id="key", responses=KeySerializer)
    def get(self, request: Request) -> Response:
        """How things are with your key. One that is suspended or revoked is refused, here as elsewhere."""
        key = self.key or authorize_key(self.key_text)
        fields = {
            "prefix": key.prefix,
            "name": key.name,
            "client": key.client,
            "state": key.state,
            "issued_at": key.issued_at,
        }
        return Response(fields, headers={"Cache-Control": "no-store"})
