"""Which of many infohashes are held."""

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
_IN_URL = 100
_LONGEST = 65 * _IN_URL  # characters of one parameter
_SHOWN = 100  # characters of what is no infohash


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
                    "items": {"type": "string", "minLength": 1, "maxLength": _LONGEST},
                    "minItems": 1,
                    "maxItems": _IN_URL,
                },
                required=True,
                description="Up to 100 infohashes in any spelling: with commas, or the parameter many times.",
            )
        ],
        responses=HeldSerializer,
    )
    def get(self, request: Request) -> Response:
        """Which of these are held."""
        given = request.query_params.getlist("hash")
        texts = [text.strip() for each in given for text in each[: _LONGEST + 1].split(",")]
        if not 1 <= len(texts) <= _IN_URL or not all(texts) or max(map(len, given)) > _LONGEST:
            raise WrongParameter(f"`hash` is 1 to {_IN_URL} infohashes; POST has room for more.")
        return _held(texts)

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
        return _held(texts)


def _held(texts: Iterable[str]) -> Response:
    named: dict[str, bytes] = {}
    invalid: dict[str, None] = {}
    for text in texts:
        try:
            named[text] = parse_infohash(text)
        except NotAnInfohash:
            invalid[text[:_SHOWN]] = None
    held = find_held(named.values())
    told = {text: infohash_to_hex(held[infohash]) for text, infohash in named.items() if infohash in held}
    return Response({"held": told, "invalid": list(invalid)}, headers={"Cache-Control": "no-store"})
