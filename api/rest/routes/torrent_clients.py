"""The routes /clients: the operator's own torrent clients, for staff who are signed in (see docs/clients.md)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import Any, NoReturn, cast

from django.conf import settings
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotAuthenticated, ParseError, PermissionDenied
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from api.client_pool import UnknownClient, find_address
from api.rest.parsers import LimitedJsonParser, UploadFormParser
from api.rest.view import RestView
from archive.torrents.held import look_up_infohashes
from archive.torrents.retrieve import retrieve
from clients import (
    Client,
    ClientAddress,
    ClientError,
    ClientTorrent,
    TorrentToAdd,
    find_known_infohash,
    open_client,
)
from metainfo import compute_infohashes
from metainfo.decompress import decompress_torrent
from metainfo.infohash import infohash_to_hex, parse_infohash
from metainfo.magnet import parse_magnet
from server.body.form import FormFile

_ACTIONS = ("start", "stop", "reannounce")
_FOR_STAFF = "This is for staff of this archive: sign in at /admin/, and send the session's cookie along."


@extend_schema(request=OpenApiTypes.ANY, responses=OpenApiTypes.ANY)  # docs/clients.md describes them
class StaffView(RestView):
    """For a session of the admin; a request that changes something needs Django's CSRF token as well."""

    authentication_classes = (SessionAuthentication,)
    permission_classes = (IsAdminUser,)

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        request.user  # noqa: B018  makes SessionAuthentication check the session

    def permission_denied(
        self, request: Request, message: str | None = None, code: str | None = None
    ) -> NoReturn:
        """Say what to do. DRF's own text speaks of credentials, and an API key is none here."""
        if not request.successful_authenticator:
            raise NotAuthenticated(_FOR_STAFF)
        raise PermissionDenied(_FOR_STAFF)


class ClientListView(StaffView):
    @extend_schema(operation_id="clients")
    def get(self, request: Request) -> Response:
        """Your own torrent clients, and whether they answer."""
        if not settings.CLIENTS:
            return Response([])
        # At once, since a client that is down takes until its timeout.
        with ThreadPoolExecutor(len(settings.CLIENTS)) as threads:
            states = threads.map(_client_state, settings.CLIENTS.values())
        return Response(
            [{"name": name, **state} for name, state in zip(settings.CLIENTS, states, strict=True)]
        )


class ClientTorrentListView(StaffView):
    parser_classes = (LimitedJsonParser, UploadFormParser)

    @extend_schema(operation_id="client_torrents")
    def get(self, request: Request, name: str) -> Response:
        """What a client has."""
        with _connect_client(name) as client:
            return Response([_torrent_fields(torrent) for torrent in client.torrents()])

    @extend_schema(operation_id="client_add")
    def post(self, request: Request, name: str) -> Response:
        """Hand a torrent to a client. 201 where it is new there, 200 where it was there already."""
        to_add = _torrent_to_add(request)
        tags = _text_field(request, "tags").split(",")
        with _connect_client(name) as client:
            new = client.add(
                to_add,
                paused=_body_fields(request).get("paused") in (True, "true", "on"),
                save_path=_text_field(request, "save_path") or None,
                tags=list(filter(None, map(str.strip, tags))),
            )
            added = client.find(find_known_infohash(client, to_add.infohashes))
        return Response(_torrent_fields(added), status=201 if new else 200)


class ClientTorrentView(StaffView):
    @extend_schema(operation_id="client_torrent")
    def get(self, request: Request, name: str, infohash: str) -> Response:
        """One torrent of a client, by any of its infohashes."""
        with _connect_client(name) as client:
            return Response(_torrent_fields(client.find(_known_infohash(client, infohash))))

    @extend_schema(operation_id="client_remove")
    def delete(self, request: Request, name: str, infohash: str) -> Response:
        """Remove a torrent from a client; with `data=true` what it has downloaded as well."""
        with _connect_client(name) as client:
            client.remove(_known_infohash(client, infohash), data=request.query_params.get("data") == "true")
        return Response(status=204)


class ClientFileListView(StaffView):
    @extend_schema(operation_id="client_files")
    def get(self, request: Request, name: str, infohash: str) -> Response:
        """The files of a client's torrent."""
        with _connect_client(name) as client:
            return Response([file._asdict() for file in client.files(_known_infohash(client, infohash))])


class ClientTrackersView(StaffView):
    @extend_schema(operation_id="client_trackers")
    def get(self, request: Request, name: str, infohash: str) -> Response:
        """The trackers that a client asks about a torrent."""
        with _connect_client(name) as client:
            return Response(
                [tracker._asdict() for tracker in client.trackers(_known_infohash(client, infohash))]
            )

    @extend_schema(operation_id="client_trackers_add")
    def post(self, request: Request, name: str, infohash: str) -> Response:
        """Have a client ask one tracker more."""
        with _connect_client(name) as client:
            client.add_tracker(_known_infohash(client, infohash), _text_field(request, "url"))
        return Response(status=204)

    @extend_schema(operation_id="client_trackers_remove")
    def delete(self, request: Request, name: str, infohash: str) -> Response:
        """Have a client ask one tracker less."""
        with _connect_client(name) as client:
            client.remove_tracker(_known_infohash(client, infohash), _text_field(request, "url"))
        return Response(status=204)


class ClientActionView(StaffView):
    @extend_schema(operation_id="client_action")
    def post(self, request: Request, name: str, infohash: str, action: str) -> Response:
        """Start, stop or reannounce a torrent of a client."""
        if action not in _ACTIONS:
            raise Http404("A client can start, stop and reannounce.")
        with _connect_client(name) as client:
            getattr(client, action)(_known_infohash(client, infohash))
        return Response(status=204)


@contextmanager
def _connect_client(name: str) -> Iterator[Client]:
    """As `connect_client`; a name that is not configured is 404."""
    try:
        address = find_address(name)
    except UnknownClient as unknown:
        raise Http404(str(unknown)) from None
    with closing(open_client(address)) as client:
        yield client


def _client_state(address: ClientAddress) -> dict[str, Any]:
    with closing(open_client(address)) as client:
        try:
            return {"kind": address.kind, "answers": True, "version": client.version()}
        except ClientError as error:
            return {"kind": address.kind, "answers": False, "reason": str(error)}


def _known_infohash(client: Client, infohash: str) -> bytes:
    """The infohash by which the client knows the torrent: a client of v1 alone knows a hybrid by v1 only."""
    return find_known_infohash(client, look_up_infohashes(parse_infohash(infohash)))


def _torrent_to_add(request: Request) -> TorrentToAdd:
    limit = settings.MAX_TORRENT_BYTES
    if link := _text_field(request, "magnet"):
        return TorrentToAdd(link, parse_magnet(link).infohashes)
    if file := request.FILES.get("torrent"):
        torrent = decompress_torrent(cast(FormFile, file).read(), limit)
    else:
        torrent = retrieve(parse_infohash(_text_field(request, "infohash"))).torrent
    return TorrentToAdd(torrent, compute_infohashes(torrent, limit))


def _body_fields(request: Request) -> dict[str, Any]:
    if not isinstance(request.data, dict):  # so is a form
        raise ParseError("Send a JSON object, or a form.")
    return request.data


def _text_field(request: Request, name: str) -> str:
    value = _body_fields(request).get(name, "")
    if not isinstance(value, str):
        raise ParseError(f"`{name}` is a string.")
    return value


def _torrent_fields(torrent: ClientTorrent) -> dict[str, Any]:
    fields = asdict(torrent)
    return fields | {key: infohash_to_hex(fields[key]) if fields[key] else None for key in ("v1", "v2")}
