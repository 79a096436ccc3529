"""How bodies of REST requests are read: JSON within limits, forms, and torrents as they are."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser

from api.http.torrent_response import CONTENT_TYPE
from metainfo.errors import TooLarge

_MAX_JSON = 1_600_000  # bytes: 20,000 infohashes of 64 digits, and no more than 40 MB when it is parsed
_MAX_VALUES = 25_000


class LimitedJsonParser(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Raises TooLarge, ParseError."""
        body = stream.read(_MAX_JSON + 1)
        if len(body) > _MAX_JSON:
            raise TooLarge(f"A request has at most {_MAX_JSON:,} bytes of JSON.")
        if body.count(b",") > _MAX_VALUES:
            raise TooLarge(f"A request has at most {_MAX_VALUES:,} values.")
        try:
            return json.loads(body)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"This is not JSON: {error}.") from None


class TorrentParser(BaseParser):
    """Reads one byte more than is accepted, so that `deposit` finds a longer body too large."""

    media_type = CONTENT_TYPE

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, bytes]:
        return {"torrent": stream.read(settings.MAX_TORRENT_BYTES + 1)}


class UploadFormParser(MultiPartParser):
    """DRF's own parser; its files go through `server.uploads`, which limits their size."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except (LookupError, TypeError, UnicodeError):  # charsets and parameters that Python stumbles over
            raise ParseError("The form cannot be read.") from None
