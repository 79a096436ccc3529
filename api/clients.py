"""The operator's torrent clients under /api/v1/clients/, for staff who are signed in; and the button "Send to …".

GET    clients/                                  all of them, and whether they answer
GET    clients/NAME/torrents                     what one has; POST adds: a form or JSON with infohash, magnet or file
GET    clients/NAME/torrents/HASH                one; DELETE removes, with ?data=true what it has downloaded too
GET    clients/NAME/torrents/HASH/files
GET    clients/NAME/torrents/HASH/trackers       POST and DELETE with a `url`
POST   clients/NAME/torrents/HASH/start          and stop, reannounce
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException, ParseError
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import clients
from archive import metainfo
from archive.errors import NotAnInfohash, NotATorrent, NotHeld, Refusal, TakenDown, TooLarge, Unavailable
from archive.infohash import parse, spell
from archive.magnet import read
from archive.names import names
from archive.retrieve import retrieve
from archive.unpack import unpack

_REFUSALS: dict[type[Exception], int] = {
    NotAnInfohash: 400,
    clients.RejectedTracker: 400,
    NotHeld: 404,
    clients.UnknownTorrent: 404,
    TooLarge: 413,
    NotATorrent: 422,
    clients.RejectedTorrent: 422,
    TakenDown: 451,
    Unavailable: 503,
    clients.NoAnswer: 504,
    # What the client answers, or that it cannot be reached, is not the caller's fault.
    clients.ClientError: 502,
}
_ACTIONS = ("start", "stop", "reannounce")


class Refused(APIException):
    def __init__(self, error: Exception) -> None:
        self.status_code = next(
            (status for kind, status in _REFUSALS.items() if isinstance(error, kind)), 422
        )
        super().__init__(str(error))


@contextmanager
def _client(name: str) -> Iterator[clients.Client]:
    """Whatever the client or the archive says no to, in the block, is told to the caller."""
    if name not in settings.CLIENTS:
        raise Http404
    with closing(clients.open_client(settings.CLIENTS[name])) as client:
        try:
            yield client
        except (clients.ClientError, Refusal) as error:
            raise Refused(error) from None


class Staff(APIView):
    """Signed in as for the admin; what changes something needs Django's CSRF token."""

    authentication_classes = (SessionAuthentication,)
    permission_classes = (IsAdminUser,)


class Clients(Staff):
    def get(self, request: Request) -> Response:
        if not settings.CLIENTS:
            return Response([])
        with ThreadPoolExecutor(len(settings.CLIENTS)) as asking:  # one that is down takes its time
            answers = asking.map(_answer, settings.CLIENTS.values())
        return Response([{"name": name, **told} for name, told in zip(settings.CLIENTS, answers, strict=True)])


class Torrents(Staff):
    def get(self, request: Request, name: str) -> Response:
        with _client(name) as client:
            return Response([_told(torrent) for torrent in client.torrents()])

    def post(self, request: Request, name: str) -> Response:
        """201 where it is new to the client, 200 where it was there."""
        given = _fields(request)
        with _client(name) as client:
            source = _source(request, given)
            new = client.add(
                source,
                paused=str(given.get("paused", "")).lower() in {"true", "on", "1"},
                save_path=_text(given, "save_path") or None,
                tags=list(filter(None, map(str.strip, _text(given, "tags").split(",")))),
            )
            added = clients.known_as(client, source.infohashes)
            return Response(_told(client.find(added)), status=201 if new else 200)


class Torrent(Staff):
    def get(self, request: Request, name: str, infohash: str) -> Response:
        with _client(name) as client:
            return Response(_told(client.find(_known(client, infohash))))

    def delete(self, request: Request, name: str, infohash: str) -> Response:
        with _client(name) as client:
            client.remove(_known(client, infohash), data=request.query_params.get("data") == "true")
            return Response(status=204)


class Files(Staff):
    def get(self, request: Request, name: str, infohash: str) -> Response:
        with _client(name) as client:
            return Response([file._asdict() for file in client.files(_known(client, infohash))])


class Trackers(Staff):
    def get(self, request: Request, name: str, infohash: str) -> Response:
        with _client(name) as client:
            return Response([tracker._asdict() for tracker in client.trackers(_known(client, infohash))])

    def post(self, request: Request, name: str, infohash: str) -> Response:
        with _client(name) as client:
            client.add_tracker(_known(client, infohash), _text(_fields(request), "url"))
            return Response(status=204)

    def delete(self, request: Request, name: str, infohash: str) -> Response:
        with _client(name) as client:
            client.remove_tracker(_known(client, infohash), _text(_fields(request), "url"))
            return Response(status=204)


class Action(Staff):
    def post(self, request: Request, name: str, infohash: str, action: str) -> Response:
        if action not in _ACTIONS:
            raise Http404
        with _client(name) as client:
            getattr(client, action)(_known(client, infohash))
            return Response(status=204)


@require_POST
@staff_member_required
def send(request: HttpRequest, infohash: str) -> HttpResponse:
    """The button on a torrent's page: back to that page, which shows the message."""
    name = request.POST.get("client", "")
    try:
        with _client(name) as client:
            found = retrieve(parse(infohash))
            new = client.add(_of(found.torrent), paused="paused" in request.POST)
            messages.success(request, f"Sent to {name}." if new else f"{name} has it already.")
    except Http404:
        messages.error(request, "There is no client of that name.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("torrent", infohash)


def _answer(address: clients.Address) -> dict[str, Any]:
    with closing(clients.open_client(address)) as client:
        try:
            return {"kind": address.kind, "answers": True, "version": client.version()}
        except clients.ClientError as error:
            return {"kind": address.kind, "answers": False, "reason": str(error)}


def _known(client: clients.Client, infohash: str) -> bytes:
    """A client of v1 alone knows a hybrid too, but not by the name that people may have."""
    return clients.known_as(client, names(parse(infohash)))


def _source(request: Request, given: dict[str, Any]) -> clients.Source:
    limit = settings.MAX_TORRENT_BYTES
    if file := request.FILES.get("torrent"):
        return _of(unpack(file.read(limit + 1), limit))
    if link := _text(given, "magnet"):
        return clients.Source(link, read(link).infohashes)
    return _of(retrieve(parse(_text(given, "infohash"))).torrent)


def _of(torrent: bytes) -> clients.Source:
    return clients.Source(torrent, metainfo.parse(torrent, settings.MAX_TORRENT_BYTES).infohashes)


def _fields(request: Request) -> dict[str, Any]:
    if not hasattr(request.data, "keys"):
        raise ParseError("Send an object, or a form.")
    return {name: request.data[name] for name in request.data}


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise ParseError(f"{name} is a string.")
    return value


def _told(torrent: clients.Torrent) -> dict[str, Any]:
    told = asdict(torrent)
    return told | {key: spell(told[key]) if told[key] else None for key in ("v1", "v2")}
