"""Magnet links (BEP 9), which name a torrent by its infohashes and may say who has it."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import parse_qsl, quote, urlsplit

from metainfo.infohash import find_infohash, parse_exact_topics

_TRACKERS = 20  # more would help nobody, and make a link that some programs cut off
_PEERS = 20
_NAME = 200  # characters
_TRACKER = 200
_SHA256_MULTIHASH = "1220"  # BEP 52: code 0x12 (sha2-256), length 0x20


@dataclass(frozen=True, slots=True)
class Magnet:
    """What somebody asks for: at least one infohash, and what is known of where to find it."""

    v1: bytes | None = None  # 20 bytes; a bare truncated v2 infohash cannot be told from one
    v2: bytes | None = None  # 32 bytes
    trackers: tuple[str, ...] = ()
    peers: tuple[tuple[str, int], ...] = ()
    name: str = ""

    @property
    def infohash(self) -> bytes:
        """The one that it is spoken of by: v1 where there is one."""
        return self.v1 or self.v2 or b""

    @property
    def infohashes(self) -> tuple[bytes, ...]:
        """All that it names: v1 first."""
        return tuple(filter(None, (self.v1, self.v2)))


def parse_magnet(text: str, *, private: bool = False) -> Magnet:
    """A magnet link, or any spelling of an infohash, or a URL that ends in one.

    Of the peers (`x.pe`) those count that are addresses on the open Internet, or any with `private`; of the
    trackers those that are announce URLs. Raises NotAnInfohash.
    """
    infohash = find_infohash(text)
    url = urlsplit(text.strip())
    if url.scheme != "magnet":
        return Magnet(infohash) if len(infohash) == 20 else Magnet(v2=infohash)
    query = parse_qsl(url.query)
    v1, v2 = parse_exact_topics(query)
    told: dict[str, list[str]] = {}
    for key, value in query:
        told.setdefault(key if key == "x.pe" else key.partition(".")[0], []).append(value)
    trackers = dict.fromkeys(filter(_is_tracker, told.get("tr", ())))
    peers = dict.fromkeys(peer for text in told.get("x.pe", ()) if (peer := _peer(text, private)))
    name = told.get("dn", [""])[0][:_NAME]
    return Magnet(v1, v2, tuple(trackers)[:_TRACKERS], tuple(peers)[:_PEERS], name)


def format_magnet(v1: str | None, v2: str | None, name: str, trackers: Iterable[str]) -> str:
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


def _is_tracker(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    honest = len(url) <= _TRACKER and url.isprintable()
    return honest and parts.scheme in {"http", "https", "udp"} and bool(parts.hostname)


def _peer(text: str, private: bool) -> tuple[str, int] | None:
    """`address:port`, `[address]:port`. A name is none: looking it up would ask a stranger's server."""
    host, _, port = text.rpartition(":")
    if (
        "%" in host
    ):  # a zone (RFC 4007) may be any text, of several lines too, and means something on one machine alone
        return None
    try:
        address, number = ip_address(host.strip("[]")), int(port)
    except ValueError:
        return None
    if not 0 < number < 65536 or not (private or (address.is_global and not address.is_multicast)):
        return None
    return str(address), number
