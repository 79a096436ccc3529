"""Read and write infohashes as text. As a value, an infohash is raw bytes: 20 (v1, or a truncated v2) or 32 (v2)."""

import base64
import re

from metainfo.errors import NotAnInfohash
from metainfo.link import magnet_parameters, strip_link, url_path

_HEX = re.compile(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}")
_LIKE_HEX = re.compile(r"[0-9A-Fa-f]{33,80}")
_BASE32 = re.compile(r"[A-Za-z2-7]{32}")
_SUFFIX = re.compile(r"\.torrent", re.IGNORECASE)
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
    """The infohash in text from a person: an infohash, `urn:btih:` and one, a magnet link, or a URL that ends in one.

    Of a magnet link with two infohashes, v1 is returned. Raises NotAnInfohash.
    """
    parameters = magnet_parameters(text)
    if parameters is None and _URN.fullmatch(strip_link(text)):
        parameters = [("xt", strip_link(text))]
    if parameters is not None:
        v1, v2 = parse_exact_topics(parameters)
        return v1 or v2 or b""
    return parse_infohash(_SUFFIX.sub("", url_path(text).rstrip("/").rpartition("/")[2]))


def infohash_to_hex(infohash: bytes) -> str:
    """The infohash in upper-case hex, as in the URLs of every torrent cache."""
    return infohash.hex().upper()


def truncate_infohash(infohash: bytes) -> bytes:
    """The 20 bytes that stand for an infohash in network messages: v1 as it is, v2 truncated (BEP 52)."""
    return infohash[:20]


def parse_exact_topics(query: list[tuple[str, str]]) -> tuple[bytes | None, bytes | None]:
    """The v1 and the v2 infohash in the exact topics (`xt`, BEP 9) of a magnet link; one of them may be None.

    `query` is the link's parameters. Of several topics the first that is an infohash counts, so that a bad one spoils
    nothing. Raises NotAnInfohash where there is none.
    """
    topics = [
        (match[1].lower(), match[2].strip())
        for name, value in query
        if name == "xt" and (match := _URN.fullmatch(value.strip()))
    ]
    found: dict[str, bytes] = {}
    refusals: list[NotAnInfohash] = []
    for kind, text in topics:
        try:
            found.setdefault(kind, _parse_topic(kind, text))
        except NotAnInfohash as refusal:
            refusals.append(refusal)
    if not found:
        raise next(iter(refusals), NotAnInfohash("This magnet link names no BitTorrent infohash."))
    return found.get("btih"), found.get("btmh")


def _parse_topic(kind: str, text: str) -> bytes:
    if kind == "btmh" and not text.startswith(_SHA256_MULTIHASH):
        raise NotAnInfohash("This magnet link names no BitTorrent infohash.")
    infohash = parse_infohash(text.removeprefix(_SHA256_MULTIHASH) if kind == "btmh" else text)
    if len(infohash) != (32 if kind == "btmh" else 20):
        raise NotAnInfohash("This magnet link names an infohash of the wrong length.")
    return infohash
