"""The two operations of the old caches, storeTorrent and cacheTorrent: store the torrent, and format the outcome.

A torrent that is refused is an answer like any other. Faults are for messages that are no SOAP, or no known call.
"""

import binascii
from collections.abc import Iterable

import pybase64
from django.conf import settings
from spyne import Service, Unicode, rpc

from archive.access.api_keys import require_upload_key
from archive.errors import NotAuthorized, PrivateTorrent, TakenDown
from archive.torrents.deposit import Receipt, deposit_many
from metainfo.errors import EmptyTorrent, NotATorrent, Refusal, TooLarge
from soap.call_parser import SoapCall
from soap.wsdl import THETORRENT, TORRAGE


class NoArgumentSent(Refusal):
    """The call has no argument."""


# Torrage 0.4 has 10 to 14 (13 for unknown errors); 15 to 18 are ours. Any other refusal is 14, the server's error.
_NUMBERS = {
    NoArgumentSent: 10,
    EmptyTorrent: 11,
    NotATorrent: 12,
    TooLarge: 15,
    PrivateTorrent: 16,
    TakenDown: 17,
    NotAuthorized: 18,
}

_RESULT_OPTIONS = {"_returns": Unicode(sub_ns=""), "_out_variable_name": "Result", "_no_ctx": True}


class TorrentCache(Service):
    @rpc(Unicode, _out_message_name=f"{{{THETORRENT.calls}}}storeTorrentResponse", **_RESULT_OPTIONS)
    def storeTorrent(outcome: Receipt | Refusal) -> str:
        """thetorrent.org's operation returns the infohash, or a text that begins with `error:`."""
        if isinstance(outcome, Refusal):
            return f"error: {_make_printable(str(outcome))}"
        return outcome.infohash

    @rpc(Unicode, _out_message_name=f"{{{TORRAGE.calls}}}cacheTorrentResponse", **_RESULT_OPTIONS)
    def cacheTorrent(outcome: Receipt | Refusal) -> str:
        """Torrage's operation returns the infohash, or an error number of two digits."""
        if isinstance(outcome, Refusal):
            return str(next((number for kind, number in _NUMBERS.items() if isinstance(outcome, kind)), 14))
        return outcome.infohash


def store_calls(calls: Iterable[SoapCall]) -> list[Receipt | Refusal]:
    """Store the torrents of all calls together: the receipt or the refusal of each, in their order."""
    return deposit_many(map(_read_torrent, calls), entry_point="soap")


def _read_torrent(call: SoapCall) -> bytes | Refusal:
    try:
        return _decode_argument(call)
    except Refusal as refusal:
        return refusal
    finally:
        call.close()


def _decode_argument(call: SoapCall) -> bytes:
    require_upload_key(call.key)
    if call.too_long:
        raise TooLarge(
            f"The file has more than the {settings.MAX_TORRENT_BYTES:,} bytes that this archive takes."
        )
    if call.argument is None:
        raise NoArgumentSent("Nothing arrived; the torrent goes into the call's one argument, in base64.")
    _mend_padding(call.argument)
    try:
        return pybase64.b64decode(call.argument, validate=True)
    except binascii.Error:
        raise NotATorrent("The argument is not base64.") from None


def _mend_padding(base64: bytearray) -> None:
    """As many = at the end as there should be: some clients leave them out, and PHP's base64_decode needs none."""
    letters = len(base64.rstrip(b"=")) if base64.endswith(b"=") else len(base64)
    if letters + 2 >= len(base64):
        del base64[letters:]
        base64 += b"=" * (-letters % 4)


def _make_printable(text: str) -> str:
    """Without control characters, which XML cannot hold; an operator's reason for a takedown may have some."""
    return "".join(character if character.isprintable() else " " for character in text)
