"""What comes in and goes out: JSON within limits, torrents as they are."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.renderers import BaseRenderer, JSONRenderer

from api.http.torrent_response import CONTENT_TYPE
from metainfo.errors import TooLarge

_LONGEST_JSON = 1_600_000  # bytes: 20,000 infohashes of 64 digits, and no more than 40 MB when it is read

_MOST_VALUES = 25_000


class AsciiJsonRenderer(JSONRenderer):
    """In ASCII: a name may hold what UTF-8 cannot carry."""

    ensure_ascii = True


class LimitedJsonParser(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(_LONGEST_JSON + 1)
        if len(body) > _LONGEST_JSON:
            raise TooLarge(f"A request has at most {_LONGEST_JSON:,} bytes of JSON.")
        if body.count(b",") > _MOST_VALUES:
            raise TooLarge(f"A request has at most {_MOST_VALUES:,} values.")
        try:
            return json.loads(body)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"This is not JSON: {error}.") from None


class TorrentParser(BaseParser):
    """One byte more than is taken, so that whoever looks finds it too large."""

    media_type = CONTENT_TYPE

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, bytes]:
        return {"torrent": stream.read(settings.MAX_TORRENT_BYTES + 1)}


class UploadFormParser(MultiPartParser):
    """DRF's own; its files go through `server.uploads`."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except (LookupError, TypeError, UnicodeError):  # charsets and parameters that Python stumbles over
            raise ParseError("The form cannot be read.") from None


class TorrentRenderer(BaseRenderer):
    """Named so that `Accept: application/x-bittorrent` is heard; the view writes the answer itself."""

    media_type = CONTENT_TYPE
    format = "torrent"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b""
