"""How REST answers are written: JSON in ASCII, or a torrent's own bytes."""

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer, JSONRenderer

from api.http.torrent_response import CONTENT_TYPE


class AsciiJsonRenderer(JSONRenderer):
    """In ASCII, since a torrent's name may hold surrogates, which UTF-8 cannot carry."""

    ensure_ascii = True


class TorrentRenderer(BaseRenderer):
    """Makes DRF accept a request's `Accept: application/x-bittorrent`; the view itself writes the response."""

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
