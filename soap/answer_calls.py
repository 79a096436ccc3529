"""Answer SOAP calls with spyne: it finds the operation, and writes answers and faults.

1. `call_parser` reads each message. (spyne's own parser builds trees, follows references and logs bad messages.)
2. The torrents of all calls are stored together (`operations.store_calls`).
3. spyne calls the operation with what became of its torrent, and writes the answer; or it writes the fault.

A request and a response are plain values, so that the fast path uses this without Django's.
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

spyne.const.MIN_GC_INTERVAL = float("inf")  # by default spyne runs a full gc.collect() once a second


class CallRequest(NamedTuple):
    """`key` is the API key in the headers or the query, "" if there is none."""

    body: MessageReader
    key: str


class CallResponse(NamedTuple):
    """`status` is 500 for a fault, as SOAP 1.1 wants it."""

    status: HTTPStatus
    body: bytes


class _StoredCall(NamedTuple):
    """A call whose torrent has been stored or refused."""

    operation: str
    outcome: Receipt | Refusal


class _InputProtocol(ProtocolBase):
    """spyne's input protocol: three steps, each of which only passes on what is known already."""

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:
        [ctx.in_document] = ctx.in_string
        if isinstance(ctx.in_document, Fault):
            raise ctx.in_document

    def decompose_incoming_envelope(self, ctx: Any, message: str) -> None:
        ctx.method_request_string = ctx.in_document.operation

    def deserialize(self, ctx: Any, message: str) -> None:
        ctx.in_object = [ctx.in_document.outcome]


class _OutputProtocol(Soap11):
    def serialize(self, ctx: Any, message: str) -> None:
        """Add encodingStyle, which rpc/encoded clients may insist on. (With xsi:type, node's soap has no string.)"""
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
        in_protocol=_InputProtocol(),
        out_protocol=_OutputProtocol(),
    )
)


def read_request(environ: Mapping[str, Any], body: MessageReader) -> CallRequest:
    """The key may be in HTTP Basic (PHP's SoapClient has `login` and `password`) or in the URL (SOAP::Lite)."""
    return CallRequest(body, key_text_from_request(environ, *key_texts_in_query(environ)))


def answer_calls(requests: Sequence[CallRequest]) -> list[CallResponse]:
    """An answer or a fault for each call, in their order. Their torrents are stored together."""
    calls = [_parse_call(request) for request in requests]
    outcomes = iter(store_calls(call for call in calls if isinstance(call, SoapCall)))
    return [
        _write_response(_StoredCall(call.operation, next(outcomes)) if isinstance(call, SoapCall) else call)
        for call in calls
    ]


def write_fault(text: str) -> bytes:
    """The fault of a client, as a whole message."""
    return _write_response(Fault("Client", text)).body


def _parse_call(request: CallRequest) -> SoapCall | Fault:
    call = SoapCall(max_argument=-(-settings.MAX_TORRENT_BYTES // 3) * 4, key=request.key)
    try:
        call.parse(request.body)
    except NotSoap as error:
        return Fault(error.faultcode, str(error))
    except OSError:
        return Fault("Client", "The message broke off.")
    if call.operation not in TorrentCache.public_methods:
        return Fault("Client", "There is no such operation; there are storeTorrent and cacheTorrent.")
    return call


def _write_response(call: _StoredCall | Fault) -> CallResponse:
    initial = MethodContext(_server, MethodContext.SERVER)
    initial.in_string = [call]
    [context] = _server.generate_contexts(initial)
    if context.in_error is None:
        _server.get_in_object(context)
        _server.get_out_object(context)
    _server.get_out_string(context)
    is_fault = context.out_error is not None
    response = CallResponse(
        HTTPStatus.INTERNAL_SERVER_ERROR if is_fault else HTTPStatus.OK, b"".join(context.out_string)
    )
    context.close()
    return response
