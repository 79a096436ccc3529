"""Why a torrent client did not do what it was asked to."""


class ClientError(Exception):
    """The client did not do it; `str(error)` says why, in a sentence without the password."""


class Unreachable(ClientError):
    """Nothing listens at the address, the host is unknown, or the certificate is not trusted."""


class NoAnswer(ClientError):
    """The client was reached, but did not answer in time. Whether it did what it was asked to is not known."""


class WrongPassword(ClientError):
    """The client does not accept this user and password, or accepts no requests from here."""


class Garbled(ClientError):
    """Something answers, but not as such a client does."""


class UnknownTorrent(ClientError):
    """The client has no torrent under this infohash."""


class Unfinished(ClientError):
    """The client has not downloaded all of this file."""


class OutOfReach(ClientError):
    """This server may not read the file, or the file is not as the client says."""


class RejectedTorrent(ClientError):
    """The client does not accept this torrent."""


class RejectedTracker(ClientError):
    """The URL is no announce URL, or the client does not accept it."""
