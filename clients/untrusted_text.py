"""Text that is passed between people and clients: a client's messages to be shown, announce URLs to be added."""

from urllib.parse import urlsplit

from clients.address import ClientAddress
from clients.errors import RejectedTracker

_MAX_SHOWN = 200  # characters
_ANNOUNCE_SCHEMES = {"http", "https", "udp", "ws", "wss"}


def quote_message(text: object, address: ClientAddress) -> str:
    """What a client says, fit to be shown: short, printable, and never with our own password in it."""
    shown = "".join(c for c in str(text)[:_MAX_SHOWN] if c.isprintable()).strip().rstrip(".")
    return shown.replace(address.password, "…") if address.password else shown


def check_announce_url(url: str) -> str:
    """The URL itself. Raises RejectedTracker for text that is no announce URL, which some clients would accept."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in _ANNOUNCE_SCHEMES or not parts.hostname or not url.isprintable() or " " in url:
        raise RejectedTracker("An announce URL begins with http://, https://, udp:// or wss:// and a host.")
    return url
