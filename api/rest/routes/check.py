"""The route /check: which of many infohashes are held."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from api.rest.query_parameters import WrongParameter
from api.rest.view import RestView
from archive.torrents.held import find_held
from metainfo.errors import NotAnInfohash
from metainfo.infohash import infohash_to_hex, parse_infohash

MAX_INFOHASHES = 20_000
_MAX_IN_URL = 100
_MAX_PARAMETER = 65 * _MAX_IN_URL  # characters
_MAX_INVALID = 100  # characters; what is no infohash is shortened in the answer


class HeldSerializer(serializers.Serializer[Any]):
    held = serializers.DictField(
        child=serializers.CharField(),
        help_text="Of those asked for, as they were spelled, each that is held, and what it is stored under.",
    )
    invalid = serializers.ListField(
        child=serializers.CharField(), help_text="Those that are no infohashes, shortened."
    )


class HeldView(RestView):
    @extend_schema(
        operation_id="check",
        parameters=[
            OpenApiParameter(
                "hash",
                {
                    "type": "array",
                    "items": {"type": "string", "minLength": 1, "maxLength": _MAX_PARAMETER},
                    "minItems": 1,
                    "maxItems": _MAX_IN_URL,
                },
                required=True,
                description="Up to 100 infohashes in any spelling: with commas, or the parameter many times.",
            )
        ],
        responses=HeldSerializer,
    )
    def get(self, request: Request) -> Response:
        """Which of these are held."""
        parameters = request.query_params.getlist("hash")
        texts = [
            text.strip() for parameter in parameters for text in parameter[: _MAX_PARAMETER + 1].split(",")
        ]
        if not 1 <= len(texts) <= _MAX_IN_URL or not all(texts) or max(map(len, parameters)) > _MAX_PARAMETER:
            raise WrongParameter(f"`hash` is 1 to {_MAX_IN_URL} infohashes; POST has room for more.")
        return _held_response(texts)

    @extend_schema(
        operation_id="check_many",
        request={
            "application/json": {
                "type": "array",
                "items": {"type": "string"},
                "minItems": 1,
                "maxItems": MAX_INFOHASHES,
            }
        },
        responses=HeldSerializer,
    )
    def post(self, request: Request) -> Response:
        """Which of these are held: a JSON list of up to 20,000 infohashes in any spelling."""
        texts = request.data
        if not isinstance(texts, list) or not 1 <= len(texts) <= MAX_INFOHASHES:
            raise ParseError(f"Send a JSON list of 1 to {MAX_INFOHASHES:,} infohashes.")
        if not all(isinstance(text, str) for text in texts):
            raise ParseError("Every infohash is a string.")
        return _held_response(texts)


def _held_response(texts: Iterable[str]) -> Response:
    infohashes: dict[str, bytes] = {}
    invalid: dict[str, None] = {}
    for text in texts:
        try:
            infohashes[text] = parse_infohash(text)
        except NotAnInfohash:
            invalid[text[:_MAX_INVALID]] = None
    held = find_held(infohashes.values())
    answer = {
        text: infohash_to_hex(held[infohash]) for text, infohash in infohashes.items() if infohash in held
    }
    return Response({"held": answer, "invalid": list(invalid)}, headers={"Cache-Control": "no-store"})
