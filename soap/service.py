"""The two operations of the old caches, and what each says where the archive refuses.

A torrent that is refused is an answer like any other: faults are for messages that are no SOAP, or no call of ours.
"""

import binascii

from django.conf import settings
from spyne import Service, Unicode, rpc

from archive.deposit import deposit
from archive.errors import (
    EmptyTorrent,
    NotATorrent,
    NotAuthorized,
    PrivateTorrent,
    Refusal,
    TakenDown,
    TooLarge,
)
from archive.keys import admit
from soap.envelope import Call
from soap.wsdl import THETORRENT, TORRAGE


class NothingSent(Refusal):
    """The call has no argument."""


# Torrage 0.4 has 10 to 14 (13 for unknown errors); 15 to 18 are ours. Any other refusal is 14, trouble of ours.
_CODES = {
    NothingSent: 10,
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
    def storeTorrent(call: Call) -> str:
        """thetorrent.org: the infohash, or a text that is none."""
        try:
            return deposit(_torrent(call), door="soap").infohash
        except Refusal as refusal:
            return f"error: {_printable(str(refusal))}"

    @rpc(Unicode, _out_message_name=f"{{{TORRAGE.calls}}}cacheTorrentResponse", **_RESULT)
    def cacheTorrent(call: Call) -> str:
        """Torrage: the infohash, or a number of two digits."""
        try:
            return deposit(_torrent(call), door="soap").infohash
        except Refusal as refusal:
            return str(next((code for kind, code in _CODES.items() if isinstance(refusal, kind)), 14))


def _torrent(call: Call) -> bytes:
    admit(call.key)
    if call.too_long:
        raise TooLarge(
            f"The file has more than the {settings.MAX_TORRENT_BYTES:,} bytes that this archive takes."
        )
    if call.argument is None:
        raise NothingSent("Nothing arrived; the torrent goes into the call's one argument, in base64.")
    try:
        return binascii.a2b_base64(call.argument, strict_mode=True)
    except binascii.Error:
        raise NotATorrent("The argument is not base64.") from None
    finally:
        call.close()


def _printable(text: str) -> str:
    """XML has no place for control characters; an operator's reason may hold some."""
    return "".join(character if character.isprintable() else " " for character in text)
