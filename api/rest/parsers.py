"""How bodies of REST requests are read: JSON within limits, forms, and torrents as they are."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, DataAndFiles

from api.http.torrent_response import CONTENT_TYPE
from metainfo.errors import TooLarge
from server.body.form import BrokenForm, FormLimits, SeveralFiles, read_form

_MAX_JSON = 1_600_000  # bytes: 20,000 infohashes of 64 digits, and no more than 40 MB when it is parsed
_MAX_VALUES = 25_000
MAX_FILES = 100  # of one form


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


class UploadFormParser(BaseParser):
    """Reads a form as every route does: all text fields, and the files of the field `torrent`, as FormFile."""

    media_type = "multipart/form-data"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Raises ParseError, TooManyFilesSent."""
        content_type = (parser_context or {})["request"].META.get("CONTENT_TYPE", "")
        try:
            form = read_form(
                stream, content_type, "torrent", FormLimits(MAX_FILES, settings.MAX_TORRENT_BYTES)
            )
        except BrokenForm:
            raise ParseError("The form cannot be read.") from None
        except SeveralFiles:
            raise TooManyFilesSent(f"A form has at most {MAX_FILES} files.") from None
        fields = QueryDict(mutable=True)
        for name, text in form.texts.items():
            fields[name] = text
        return DataAndFiles(fields, MultiValueDict({"torrent": form.files}))
