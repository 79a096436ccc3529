"""Every refusal of the archive that does not concern the bytes alone (those are in metainfo/errors.py).

The core raises these; each dialect (SOAP, REST, pages …) has one place that turns them into its own answer.
"""

import re

from metainfo.errors import Refusal


def refusal_code(kind: type[Exception]) -> str:
    """The name of a kind of refusal for programs: not-a-torrent for NotATorrent."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


class PrivateTorrent(Refusal):
    """The torrent has the private flag (BEP 27): its announce URL holds the uploader's passkey."""


class TakenDown(Refusal):
    """The infohash is blocked. `reason` is the text that the operator gave."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"This torrent was taken down: {reason}")
        self.reason = reason


class NotHeld(Refusal):
    """No torrent is stored under this infohash."""


class StillWanted(NotHeld):
    """No torrent is stored under this infohash yet, but the network is being searched for it.

    `retry_after`: seconds after which another request may find it.
    """

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooMany(Refusal):
    """A limit is reached for now. `retry_after`: seconds after which another request may succeed."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyWishes(TooMany):
    """The queue of wishes is full, or the address of this request has as many wishes in it as one may have."""


class TooManyRequests(TooMany):
    """This API key, or this address, has made as many requests as it may in one minute."""


class TooManyReaders(TooMany):
    """With this API key as many finished files are being read at the same time as may be."""


class NotListed(Refusal):
    """LISTING is off: a torrent is served to those who know its infohash, and there are no lists of torrents."""


class NotAnImdbId(Refusal):
    """The text is no id of a title at IMDb."""


class NotAuthorized(Refusal):
    """An API key is needed, and the request has none that may be used."""


class UnknownKey(NotAuthorized):
    """This API key was never issued, or has been revoked."""


class NoKey(UnknownKey):
    """The request has no API key."""


class SuspendedKey(NotAuthorized):
    """The API key is known, but may not be used at present."""


class NotALink(Refusal):
    """The text is no link to a finished file that this archive has signed."""


class StaleLink(Refusal):
    """The link to a finished file was valid once: it is too old now, or its API key was revoked."""


class Unavailable(Refusal):
    """The storage or the database cannot be used right now, and nothing was stored.

    `retry_after`: the seconds that every dialect names in its header Retry-After.
    """

    retry_after = 30
