"""Infohashes and how people spell them. An infohash is raw bytes here: 20 (v1, or a truncated v2) or 32 (v2)."""

import base64
import binascii
import re
from urllib.parse import parse_qsl, urlsplit

from archive.errors import NotAnInfohash

_HEX = re.compile(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}")
_BASE32 = re.compile(r"[A-Za-z2-7]{32}")
_URN = re.compile(r"urn:(btih|btmh):(.*)", re.IGNORECASE | re.DOTALL)
_SHA256_MULTIHASH = (
    "1220"  # multihash: code 0x12 (sha2-256), length 0x20 (BEP 9, magnet links of v2 torrents)
)


def parse(spelling: str) -> bytes:
    """20 or 32 raw bytes from 40 or 64 hex digits, or 32 base32 letters (BEP 9), in any letter case.

    Raises NotAnInfohash.
    """
    if _HEX.fullmatch(spelling):
        return bytes.fromhex(spelling)
    if _BASE32.fullmatch(spelling):
        return base64.b32decode(spelling.upper())
    raise NotAnInfohash("An infohash is 40 or 64 hex digits, or 32 base32 letters.")


def find(text: str) -> bytes:
    """The infohash in what a person pasted: any spelling, a magnet link, or a URL that ends in one.

    A hybrid magnet names two; the v1 hash is returned. Raises NotAnInfohash.
    """
    text = text.strip()
    if text.lower().startswith("magnet:"):
        return _from_magnet(text)
    last = urlsplit(text).path.rstrip("/").rpartition("/")[2]
    return parse(last.removesuffix(".torrent"))


def spell(infohash: bytes) -> str:
    """Upper-case hex, the spelling of every cache's URLs."""
    return infohash.hex().upper()


def short(infohash: bytes) -> bytes:
    """The 20 bytes that stand for any infohash on the wire: v1 as it is, v2 truncated (BEP 52)."""
    return infohash[:20]


def _from_magnet(magnet: str) -> bytes:
    try:
        query = parse_qsl(urlsplit(magnet).query)
    except ValueError:
        query = []
    names = [m for key, value in query if key.partition(".")[0] == "xt" and (m := _URN.fullmatch(value))]
    names.sort(key=lambda name: name[1].lower() != "btih")
    for name in names:
        spelled = name[2]
        if name[1].lower() == "btmh":
            spelled = spelled.removeprefix(_SHA256_MULTIHASH)
        try:
            return parse(spelled)
        except (NotAnInfohash, binascii.Error):
            continue
    raise NotAnInfohash("This magnet link names no BitTorrent infohash.")
