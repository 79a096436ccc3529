"""spyne between Django and the operations: it finds the operation, and writes answers and faults.

It reads nothing: its own reader of messages builds trees, follows references and logs what it could not read.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import spyne.const
from django.conf import settings
from spyne import Application, Fault, MethodContext
from spyne.protocol import ProtocolBase
from spyne.protocol.soap import Soap11
from spyne.server import ServerBase

from archive.access.api_keys import key_text_from_request, key_texts_in_query
from archive.torrents.deposit import Receipt
from metainfo.errors import Refusal
from soap.call_parser import MessageReader, NotSoap, SoapCall
from soap.operations import TorrentCache, store_calls
from soap.wsdl import THETORRENT

spyne.const.MIN_GC_INTERVAL = float("inf")  # else a full gc.collect() once a second


class CallRequest(NamedTuple):
    """A message, and the key that came beside it, if any."""

    body: MessageReader
    key: str


class CallResponse(NamedTuple):
    """`status` is 500 for a fault, as SOAP 1.1 wants it."""

    status: HTTPStatus
    body: bytes


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


class _Server(ServerBase):
    transport = "http://schemas.xmlsoap.org/soap/http"


_server = _Server(
    Application(
        [TorrentCache],
        tns=THETORRENT.calls,
        name="TorrentCache",
        in_protocol=_Calls(),
        out_protocol=_Answers(),
    )
)


def read_request(environ: Mapping[str, Any], body: MessageReader) -> CallRequest:
    # The key: PHP's SoapClient knows `login` and `password`, which is HTTP Basic; SOAP::Lite takes it in the URL.
    return CallRequest(body, key_text_from_request(environ, *key_texts_in_query(environ)))


def answer_calls(messages: Sequence[CallRequest]) -> list[CallResponse]:
    """Take the calls, whose torrents are stored together, and give an answer or a fault to each."""
    calls = [_read(message) for message in messages]
    outcomes = iter(store_calls(call for call in calls if isinstance(call, SoapCall)))
    return [
        _answer(_Done(call.operation, next(outcomes)) if isinstance(call, SoapCall) else call)
        for call in calls
    ]


def _read(message: CallRequest) -> SoapCall | Fault:
    call = SoapCall(longest=-(-settings.MAX_TORRENT_BYTES // 3) * 4, key=message.key)
    try:
        call.read(message.body)
    except NotSoap as error:
        return Fault(error.faultcode, str(error))
    except OSError:
        return Fault("Client", "The message broke off.")
    if call.operation not in TorrentCache.public_methods:
        return Fault("Client", "There is no such operation; there are storeTorrent and cacheTorrent.")
    return call


def _answer(call: _Done | Fault) -> CallResponse:
    first = MethodContext(_server, MethodContext.SERVER)
    first.in_string = [call]
    [context] = _server.generate_contexts(first)
    if context.in_error is None:
        _server.get_in_object(context)
        _server.get_out_object(context)
    _server.get_out_string(context)
    failed = context.out_error is not None
    answer = CallResponse(
        HTTPStatus.INTERNAL_SERVER_ERROR if failed else HTTPStatus.OK, b"".join(context.out_string)
    )
    context.close()
    return answer
