"""Every way in which the archive says no. The core raises these; each door words them in its own dialect."""

import re

from metainfo.errors import Refusal


def refusal_code(kind: type[Exception]) -> str:
    """What programs call it: NotATorrent is not-a-torrent."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


class PrivateTorrent(Refusal):
    """BEP 27's private flag is set: the announce URL holds the uploader's passkey."""


class TakenDown(Refusal):
    """The infohash is blocked; `reason` is what its operator gave."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"This torrent was taken down: {reason}")
        self.reason = reason


class NotHeld(Refusal):
    """No torrent is stored under this infohash."""


class StillWanted(NotHeld):
    """Not held, and the network has not brought it so far; asking again after `retry_after` seconds may help."""

    def __init__(self, words: str, retry_after: int) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class TooMany(Refusal):
    """Not now; asking again after `retry_after` seconds may help."""

    def __init__(self, words: str, retry_after: int) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class TooManyWishes(TooMany):
    """The queue is full, or this asker has filled its share of it."""


class TooManyRequests(TooMany):
    """This key, or this address, has used up its share of the minute."""


class NotListed(Refusal):
    """LISTING is off: who knows an infohash gets its torrent, and nobody is told of others."""


class NotAnImdbId(Refusal):
    """The text is no id of a title at IMDb."""


class NotAuthorized(Refusal):
    """A key is needed, and what was sent is none that may be used."""


class UnknownKey(NotAuthorized):
    """No such key was ever issued, or it has been revoked."""


class NoKey(UnknownKey):
    """No key was sent at all."""


class SuspendedKey(NotAuthorized):
    """The key is right, but may not be used at present."""


class TooManyReaders(TooMany):
    """With this key as many finished files are being read as may be."""


class NotALink(Refusal):
    """No link to a finished file that was ever given out."""


class StaleLink(Refusal):
    """A link that was good once: it is too old, or its key was revoked."""


class Unavailable(Refusal):
    """The storage or the index cannot be used right now; nothing was stored.

    `retry_after`: the seconds that every dialect names in its header Retry-After.
    """

    retry_after = 30
