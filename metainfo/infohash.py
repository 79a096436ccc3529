"""Read and write infohashes as text. As a value, an infohash is raw bytes: 20 (v1, or a truncated v2) or 32 (v2)."""

import base64
import re
from urllib.parse import parse_qsl, urlsplit

from metainfo.errors import NotAnInfohash

_HEX = re.compile(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}")
_LIKE_HEX = re.compile(r"[0-9A-Fa-f]{33,80}")
_BASE32 = re.compile(r"[A-Za-z2-7]{32}")
_URN = re.compile(r"urn:(btih|btmh):(.*)", re.IGNORECASE | re.DOTALL)
_SHA256_MULTIHASH = (
    "1220"  # multihash: code 0x12 (sha2-256), length 0x20 (BEP 9, magnet links of v2 torrents)
)


def parse_infohash(text: str) -> bytes:
    """The infohash that is written as 40 or 64 hex digits or 32 base32 letters (BEP 9), in any letter case.

    Raises NotAnInfohash.
    """
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    if _BASE32.fullmatch(text):
        return base64.b32decode(text.upper())
    hint = f" This has {len(text)} digits." if is_mistyped_infohash(text) else ""
    raise NotAnInfohash(f"An infohash is 40 or 64 hex digits, or 32 base32 letters.{hint}")


def is_mistyped_infohash(text: str) -> bool:
    """Whether the text is most likely an infohash in hex that lacks digits or has too many: 33 to 80 of them."""
    return bool(_LIKE_HEX.fullmatch(text)) and not _HEX.fullmatch(text)


def find_infohash(text: str) -> bytes:
    """The infohash in text from a person: an infohash, a magnet link, or a URL that ends in an infohash.

    Of a magnet link with two infohashes, v1 is returned. Raises NotAnInfohash.
    """
    try:
        url = urlsplit(text.strip())
        query = parse_qsl(url.query)
    except ValueError as error:
        raise NotAnInfohash(f"This is neither an infohash nor a link: {error}.") from None
    if url.scheme == "magnet":
        v1, v2 = parse_exact_topics(query)
        return v1 or v2 or b""
    return parse_infohash(url.path.rstrip("/").rpartition("/")[2].removesuffix(".torrent"))


def infohash_to_hex(infohash: bytes) -> str:
    """The infohash in upper-case hex, as in the URLs of every torrent cache."""
    return infohash.hex().upper()


def truncate_infohash(infohash: bytes) -> bytes:
    """The 20 bytes that stand for an infohash in network messages: v1 as it is, v2 truncated (BEP 52)."""
    return infohash[:20]


def parse_exact_topics(query: list[tuple[str, str]]) -> tuple[bytes | None, bytes | None]:
    """The v1 and the v2 infohash in the exact topics (`xt`, BEP 9) of a magnet link; one of them may be None.

    `query` is the link's parameters. Raises NotAnInfohash where there is neither.
    """
    urns = [m for key, value in query if key.partition(".")[0] == "xt" and (m := _URN.fullmatch(value))]
    v1s = [m[2] for m in urns if m[1].lower() == "btih"]
    v2s = [m[2] for m in urns if m[1].lower() == "btmh" and m[2].startswith(_SHA256_MULTIHASH)]
    if not v1s and not v2s:
        raise NotAnInfohash("This magnet link names no BitTorrent infohash.")
    v1 = parse_infohash(v1s[0]) if v1s else None
    v2 = parse_infohash(v2s[0].removeprefix(_SHA256_MULTIHASH)) if v2s else None
    if len(v1 or bytes(20)) != 20 or len(v2 or bytes(32)) != 32:
        raise NotAnInfohash("This magnet link names an infohash of the wrong length.")
    return v1, v2
