"""The routes /torrents and /lookup: the newest torrents, one of them, its files, its bytes."""

from itertools import islice
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.http.torrent_response import CONTENT_TYPE, torrent_response
from api.rest.paging import (
    PAGE_PARAMETERS,
    page_parameters,
    page_response,
    page_serializer,
    read_page_request,
)
from api.rest.query_parameters import WrongParameter
from api.rest.renderers import AsciiJsonRenderer, TorrentRenderer
from api.rest.torrent_serializers import (
    INFOHASH_SCHEMA,
    DescriptionSerializer,
    TorrentSerializer,
    description_fields,
    torrent_fields,
)
from api.rest.view import RestView
from archive.browse.describe import describe_torrent
from archive.browse.search import SearchQuery, search_torrents
from archive.torrents.index_entries import find_entry
from archive.torrents.retrieve import redirect_url, retrieve
from metainfo.infohash import parse_infohash
from metainfo.magnet import parse_magnet

INFOHASH_PARAMETER = [OpenApiParameter("infohash", INFOHASH_SCHEMA, OpenApiParameter.PATH)]
_MAX_FILES_PAGE = 2_000  # large: the torrent is read anew for each page, and may have hundreds of thousands
_MAX_QUERY = 5_000  # characters of a magnet link in a URL


class FileSerializer(serializers.Serializer[Any]):
    path = serializers.ListField(child=serializers.CharField(), help_text="Folders, then the file's name.")
    size = serializers.IntegerField()


class TorrentListView(RestView):
    @extend_schema(
        operation_id="newest", parameters=PAGE_PARAMETERS, responses=page_serializer(TorrentSerializer)
    )
    def get(self, request: Request) -> Response:
        """The newest torrents first. Where the operator has turned lists off, this is refused."""
        limit, before = read_page_request(request)
        result = search_torrents(SearchQuery(), limit=limit, before=before)
        return page_response(
            request, [torrent_fields(request, entry) for entry in result.hits], result.next_before
        )


class TorrentView(RestView):
    @extend_schema(operation_id="torrent", parameters=INFOHASH_PARAMETER, responses=DescriptionSerializer)
    def get(self, request: Request, infohash: str) -> Response:
        """What a stored torrent says of itself. Its files are listed apart, as there may be very many."""
        return Response(description_fields(request, describe_torrent(parse_infohash(infohash))))


class FileListView(RestView):
    @extend_schema(
        operation_id="files",
        parameters=[*INFOHASH_PARAMETER, *page_parameters(_MAX_FILES_PAGE)],
        responses=page_serializer(FileSerializer),
    )
    def get(self, request: Request, infohash: str) -> Response:
        """The files of a torrent, in its own order, without pad files."""
        limit, start = read_page_request(request, _MAX_FILES_PAGE)
        first = start or 0
        files = list(islice(describe_torrent(parse_infohash(infohash)).files(), first, first + limit + 1))
        results = [{"path": file.path, "size": file.size} for file in files[:limit]]
        return page_response(request, results, first + limit if len(files) > limit else None)


class DownloadView(RestView):
    renderer_classes = (TorrentRenderer, AsciiJsonRenderer)

    @extend_schema(
        operation_id="download",
        parameters=INFOHASH_PARAMETER,
        responses={
            (200, CONTENT_TYPE): OpenApiTypes.BINARY,
            302: OpenApiResponse(description="The storage itself hands it out."),
            304: OpenApiResponse(description="What you have is still right."),
        },
    )
    def get(self, request: Request, infohash: str) -> HttpResponse:
        """The torrent, byte for byte. The URL that an answer calls `torrent` does the same, and faster."""
        if link := redirect_url(parse_infohash(infohash)):
            return HttpResponseRedirect(link)
        return torrent_response(request, retrieve(parse_infohash(infohash)))


class LookupView(RestView):
    @extend_schema(
        operation_id="lookup",
        parameters=[
            OpenApiParameter(
                "q",
                {"type": "string", "maxLength": _MAX_QUERY},
                required=True,
                description="An infohash in any spelling, a magnet link, or a URL that ends in an infohash.",
            )
        ],
        responses=TorrentSerializer,
    )
    def get(self, request: Request) -> Response:
        """The stored torrent that a text means, by any of the infohashes in it."""
        text = request.query_params.get("q")
        if text is None or len(text) > _MAX_QUERY:
            raise WrongParameter(f"`q` is an infohash or a link of at most {_MAX_QUERY:,} characters.")
        return Response(torrent_fields(request, find_entry(parse_magnet(text))))
