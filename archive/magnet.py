"""Magnet links (BEP 9), which name a torrent by its infohashes."""

from collections.abc import Iterable
from urllib.parse import quote

_TRACKERS = 20  # more would help nobody, and make a link that some programs cut off
_NAME = 200  # characters
_TRACKER = 200
_SHA256_MULTIHASH = "1220"  # BEP 52: code 0x12 (sha2-256), length 0x20


def magnet(v1: str | None, v2: str | None, name: str, trackers: Iterable[str]) -> str:
    """The link for a torrent with these infohashes in hex; a hybrid has both, and the link then names both."""
    parts = []
    if v1:
        parts.append(f"xt=urn:btih:{v1.lower()}")
    if v2:
        parts.append(f"xt=urn:btmh:{_SHA256_MULTIHASH}{v2.lower()}")
    if name:
        parts.append(f"dn={_quoted(name[:_NAME])}")
    honest = [url for url in trackers if len(url) <= _TRACKER]
    parts += [f"tr={_quoted(url)}" for url in honest[:_TRACKERS]]
    return "magnet:?" + "&".join(parts)


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")
