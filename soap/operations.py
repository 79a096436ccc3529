"""The two operations of the old caches, and what each says of what became of its torrent.

A torrent that is refused is an answer like any other: faults are for messages that are no SOAP, or no call of ours.
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


# Torrage 0.4 has 10 to 14 (13 for unknown errors); 15 to 18 are ours. Any other refusal is 14, trouble of ours.
_CODES = {
    NoArgumentSent: 10,
    EmptyTorrent: 11,
    NotATorrent: 12,
    TooLarge: 15,
    PrivateTorrent: 16,
    TakenDown: 17,
    NotAuthorized: 18,
}

_RESULT = {"_returns": Unicode(sub_ns=""), "_out_variable_name": "Result", "_no_ctx": True}


class TorrentCache(Service):
    @rpc(Unicode, _out_message_name=f"{{{THETORRENT.calls}}}storeTorrentResponse", **_RESULT)
    def storeTorrent(outcome: Receipt | Refusal) -> str:
        """thetorrent.org: the infohash, or a text that is none."""
        if isinstance(outcome, Refusal):
            return f"error: {_printable(str(outcome))}"
        return outcome.infohash

    @rpc(Unicode, _out_message_name=f"{{{TORRAGE.calls}}}cacheTorrentResponse", **_RESULT)
    def cacheTorrent(outcome: Receipt | Refusal) -> str:
        """Torrage: the infohash, or a number of two digits."""
        if isinstance(outcome, Refusal):
            return str(next((code for kind, code in _CODES.items() if isinstance(outcome, kind)), 14))
        return outcome.infohash


def store_calls(calls: Iterable[SoapCall]) -> list[Receipt | Refusal]:
    """What became of the argument of each, whichever operation is to say it. They are stored together."""
    return deposit_many(map(_sent_in, calls), entry_point="soap")


def _sent_in(call: SoapCall) -> bytes | Refusal:
    try:
        return _torrent(call)
    except Refusal as refusal:
        return refusal
    finally:
        call.close()


def _torrent(call: SoapCall) -> bytes:
    require_upload_key(call.key)
    if call.too_long:
        raise TooLarge(
            f"The file has more than the {settings.MAX_TORRENT_BYTES:,} bytes that this archive takes."
        )
    if call.argument is None:
        raise NoArgumentSent("Nothing arrived; the torrent goes into the call's one argument, in base64.")
    try:
        return pybase64.b64decode(call.argument, validate=True)
    except binascii.Error:
        raise NotATorrent("The argument is not base64.") from None


def _printable(text: str) -> str:
    """XML has no place for control characters; an operator's reason may hold some."""
    return "".join(character if character.isprintable() else " " for character in text)
