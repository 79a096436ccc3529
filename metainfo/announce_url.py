"""Clean the announce URL of a tracker: one spelling for one tracker, in which it is compared, stored and asked."""

from html import unescape
from urllib.parse import urlsplit

MAX_TRACKERS = 100
"""Of one link, wish or search. More are dead ones, as a rule."""
MAX_ANNOUNCE_URL = 200
"""Characters."""
_SCHEMES = ("http", "https", "udp")


def clean_announce_url(text: str) -> str | None:
    """The URL without what surrounds it, with its scheme and host in lower case; None for anything else.

    A `udp` URL without a port gets port 80, at which such a tracker is asked (libtorrent); `&amp;` is read as `&`.
    """
    url = unescape(text).strip().strip("\ufeff\u200b<>\"'").strip()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if len(url) > MAX_ANNOUNCE_URL or not url.isprintable() or " " in url:
        return None
    if parts.scheme not in _SCHEMES or not host or port == 0:
        return None
    user, at, _ = parts.netloc.rpartition("@")
    address = f"[{host}]" if ":" in host else host
    if port is None and parts.scheme == "udp":
        port = 80
    netloc = f"{user}{at}{address}" + ("" if port is None else f":{port}")
    return parts._replace(netloc=netloc).geturl()
