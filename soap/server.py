"""spyne between Django and the operations: it finds the operation, and writes answers and faults.

It reads nothing: its own reader of messages builds trees, follows references and logs what it could not read.
"""

from typing import Any, cast

import spyne.const
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from spyne import Application, Fault
from spyne.protocol import ProtocolBase
from spyne.protocol.soap import Soap11
from spyne.server.django import DjangoHttpMethodContext, DjangoServer

from archive.keys import find
from soap.envelope import Call, NotSoap
from soap.service import TorrentCache
from soap.wsdl import THETORRENT

spyne.const.MIN_GC_INTERVAL = float("inf")  # else a full gc.collect() once a second


class _Calls(ProtocolBase):
    """spyne's input protocol: three steps, each of which only hands on what Call has read."""

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:
        [(call, request)] = ctx.in_string
        try:
            call.read(request)
        except NotSoap as error:
            raise Fault(error.faultcode, str(error)) from None
        except OSError:
            raise Fault("Client", "The message broke off.") from None
        ctx.in_document = call

    def decompose_incoming_envelope(self, ctx: Any, message: str) -> None:
        if ctx.in_document.operation not in TorrentCache.public_methods:
            raise Fault("Client", "There is no such operation; there are storeTorrent and cacheTorrent.")
        ctx.method_request_string = ctx.in_document.operation

    def deserialize(self, ctx: Any, message: str) -> None:
        ctx.in_object = [ctx.in_document]


class _Answers(Soap11):
    def serialize(self, ctx: Any, message: str) -> None:
        """With what a client of rpc/encoded may insist on. (With xsi:type as well, node's soap gives no string.)"""
        super().serialize(ctx, message)
        if ctx.out_error is None:
            ctx.out_document.set(f"{{{self.ns_soap_env}}}encodingStyle", self.ns_soap_enc)


class _Server(DjangoServer):
    def get_contexts(self, request: HttpRequest) -> Any:
        # Not request.body: Django's limit for it is the same for all views, and it would be in memory at once.
        call = Call(longest=-(-settings.MAX_TORRENT_BYTES // 3) * 4, key=_key(request))
        ctx = DjangoHttpMethodContext(self, request, self.app.out_protocol.mime_type)
        ctx.in_string = [(call, request)]
        ctx.files.append(call)  # closed with the context, whose cycles of references would keep the torrent
        return self.generate_contexts(ctx)


def _key(request: HttpRequest) -> str:
    """PHP's SoapClient knows `login` and `password`, which is HTTP Basic; SOAP::Lite takes it in the URL."""
    authorization, header = request.headers.get("Authorization", ""), request.headers.get("X-Api-Key", "")
    return find(authorization, header, request.GET.get("apikey", ""))


_server = _Server(
    Application(
        [TorrentCache],
        tns=THETORRENT.calls,
        name="TorrentCache",
        in_protocol=_Calls(),
        out_protocol=_Answers(),
    )
)


def answer(request: HttpRequest) -> HttpResponse:
    """Take the call, and give the answer or the fault."""
    response = _server.handle_rpc(request)
    # SOAP 1.1 wants status 500 for a fault; Django would log that as an error of ours.
    response._has_been_logged = True
    return cast(HttpResponse, response)
