"""spyne between Django and the operations: it finds the operation, and writes answers and faults.

It reads nothing: its own reader of messages builds trees, follows references and logs what it could not read.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import spyne.const
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from spyne import Application, Fault
from spyne.protocol import ProtocolBase
from spyne.protocol.soap import Soap11
from spyne.server.django import DjangoHttpMethodContext, DjangoServer

from archive.deposit import Receipt
from archive.errors import Refusal
from archive.keys import carried, in_query
from soap.envelope import Call, NotSoap
from soap.service import TorrentCache, store
from soap.wsdl import THETORRENT

_CALL = "hashkeep.call"  # in META

spyne.const.MIN_GC_INTERVAL = float("inf")  # else a full gc.collect() once a second


class _Done(NamedTuple):
    """A call that is to be answered: what became of its torrent."""

    operation: str
    outcome: Receipt | Refusal


class _Calls(ProtocolBase):
    """spyne's input protocol: three steps, each of which only hands on what is known already."""

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:
        [ctx.in_document] = ctx.in_string
        if isinstance(ctx.in_document, Fault):
            raise ctx.in_document

    def decompose_incoming_envelope(self, ctx: Any, message: str) -> None:
        ctx.method_request_string = ctx.in_document.operation

    def deserialize(self, ctx: Any, message: str) -> None:
        ctx.in_object = [ctx.in_document.outcome]


class _Answers(Soap11):
    def serialize(self, ctx: Any, message: str) -> None:
        """With what a client of rpc/encoded may insist on. (With xsi:type as well, node's soap gives no string.)"""
        super().serialize(ctx, message)
        if ctx.out_error is None:
            ctx.out_document.set(f"{{{self.ns_soap_env}}}encodingStyle", self.ns_soap_enc)


class _Server(DjangoServer):
    def get_contexts(self, request: HttpRequest) -> Any:
        ctx = DjangoHttpMethodContext(self, request, self.app.out_protocol.mime_type)
        ctx.in_string = [request.META[_CALL]]
        return self.generate_contexts(ctx)


_server = _Server(
    Application(
        [TorrentCache],
        tns=THETORRENT.calls,
        name="TorrentCache",
        in_protocol=_Calls(),
        out_protocol=_Answers(),
    )
)


def answer_all(requests: Sequence[HttpRequest]) -> list[HttpResponse]:
    """Take the calls, whose torrents are stored together, and give an answer or a fault to each."""
    calls = [_read(request) for request in requests]
    outcomes = iter(store(call for call in calls if isinstance(call, Call)))
    done = [_Done(call.operation, next(outcomes)) if isinstance(call, Call) else call for call in calls]
    return [_answer(request, call) for request, call in zip(requests, done, strict=True)]


def _read(request: HttpRequest) -> Call | Fault:
    # Not request.body: Django's limit for it is the same for all views, and it would be in memory at once.
    # The key: PHP's SoapClient knows `login` and `password`, which is HTTP Basic; SOAP::Lite takes it in the URL.
    call = Call(
        longest=-(-settings.MAX_TORRENT_BYTES // 3) * 4, key=carried(request.META, *in_query(request.META))
    )
    try:
        call.read(request)
    except NotSoap as error:
        return Fault(error.faultcode, str(error))
    except OSError:
        return Fault("Client", "The message broke off.")
    if call.operation not in TorrentCache.public_methods:
        return Fault("Client", "There is no such operation; there are storeTorrent and cacheTorrent.")
    return call


def _answer(request: HttpRequest, call: _Done | Fault) -> HttpResponse:
    request.META[_CALL] = call
    response = _server.handle_rpc(request)
    # SOAP 1.1 wants status 500 for a fault; Django would log that as an error of ours.
    response._has_been_logged = True
    return cast(HttpResponse, response)
