"""Read and write magnet links (BEP 9): infohashes, and perhaps trackers, peers and a display name."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import quote

from metainfo.announce_url import MAX_ANNOUNCE_URL, MAX_TRACKERS, clean_announce_url
from metainfo.infohash import find_infohash, parse_exact_topics
from metainfo.link import magnet_parameters

_MAX_WRITTEN_TRACKERS = 20  # more make a link that some programs cut off
_MAX_PEERS = 20
_MAX_NAME_LENGTH = 200  # characters
_MAX_UNUSED = 20  # of one link, so many are named
_SHA256_MULTIHASH = "1220"  # BEP 52: code 0x12 (sha2-256), length 0x20


@dataclass(frozen=True, slots=True)
class Magnet:
    """What a magnet link says: at least one infohash, and where the torrent may be found."""

    v1: bytes | None = None  # 20 bytes; a bare truncated v2 infohash looks the same
    v2: bytes | None = None  # 32 bytes
    trackers: tuple[str, ...] = ()
    peers: tuple[tuple[str, int], ...] = ()  # IP address and port
    name: str = ""
    unused: tuple[str, ...] = field(
        default=(), compare=False
    )  # trackers and peers of the link that are left out

    @property
    def infohash(self) -> bytes:
        """The infohash that stands for the torrent: v1 if there is one, else v2."""
        return self.v1 or self.v2 or b""

    @property
    def infohashes(self) -> tuple[bytes, ...]:
        """All infohashes of the link, v1 first."""
        return tuple(filter(None, (self.v1, self.v2)))


def parse_magnet(text: str, *, private: bool = False) -> Magnet:
    """Read a magnet link, an infohash as text, or a URL that ends in an infohash.

    Peers (`x.pe`) count if they are public IP addresses, with `private` also others; trackers (`tr`) if they are
    announce URLs. Raises NotAnInfohash.
    """
    parameters = magnet_parameters(text)
    if parameters is None:
        infohash = find_infohash(text)
        return Magnet(infohash) if len(infohash) == 20 else Magnet(v2=infohash)
    v1, v2 = parse_exact_topics(parameters)
    return build_magnet(v1, v2, parameters, private=private)


def build_magnet(
    v1: bytes | None, v2: bytes | None, parameters: Iterable[tuple[str, str]], *, private: bool = False
) -> Magnet:
    """The infohashes with what these parameters of a magnet link name besides, under the names of `clean_names`."""
    trackers: dict[str, None] = {}
    peers: dict[tuple[str, int], None] = {}
    name, unused = "", list[str]()
    for key, value in parameters:
        if (
            key == "tr"
            and (url := clean_announce_url(value))
            and (url in trackers or len(trackers) < MAX_TRACKERS)
        ):
            trackers[url] = None
        elif key == "x.pe" and (peer := _parse_peer(value.strip(), private)) and len(peers) < _MAX_PEERS:
            peers[peer] = None
        elif key == "dn":
            name = name or value[:_MAX_NAME_LENGTH]
        elif key in ("tr", "x.pe") and len(unused) < _MAX_UNUSED:
            unused.append(value[:MAX_ANNOUNCE_URL])
    return Magnet(v1, v2, tuple(trackers), tuple(peers), name, tuple(unused))


def format_magnet(v1: str | None, v2: str | None, name: str, trackers: Iterable[str]) -> str:
    """The link for a torrent with these infohashes in hex; a hybrid has both."""
    parts = []
    if v1:
        parts.append(f"xt=urn:btih:{v1.lower()}")
    if v2:
        parts.append(f"xt=urn:btmh:{_SHA256_MULTIHASH}{v2.lower()}")
    if name:
        parts.append(f"dn={_percent_encode(name[:_MAX_NAME_LENGTH])}")
    usable = [url for url in trackers if len(url) <= MAX_ANNOUNCE_URL]
    parts += [f"tr={_percent_encode(url)}" for url in usable[:_MAX_WRITTEN_TRACKERS]]
    return "magnet:?" + "&".join(parts)


def _percent_encode(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _parse_peer(text: str, private: bool) -> tuple[str, int] | None:
    """The IP address and port of `address:port` or `[address]:port`; None for anything else.

    A host name is not taken: resolving it would send a query to a server that the link's author chose.
    """
    host, _, port = text.rpartition(":")
    # A zone (RFC 4007) may be any text, also of several lines, and has a meaning on one machine only.
    if "%" in host:
        return None
    try:
        address, number = ip_address(host.strip("[]")), int(port)
    except ValueError:
        return None
    if not 0 < number < 65536 or not (private or (address.is_global and not address.is_multicast)):
        return None
    return str(address), number
