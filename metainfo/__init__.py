"""What a torrent's bytes say. Needs nothing but the standard library; every function is thread-safe.

from metainfo import ParsedTorrent, parse_torrent, compute_infohashes     a torrent from its bytes
from metainfo.decompress import decompress_torrent                        gzip and bzip2
from metainfo.infohash import parse_infohash, find_infohash               infohashes as people write them
from metainfo.magnet import Magnet, parse_magnet, format_magnet           magnet links (BEP 9)
from metainfo.errors import NotATorrent, NotAnInfohash                    what can be wrong with them
"""

from metainfo.parsed_torrent import (
    MAX_BYTES,
    ContentFile,
    Details,
    Metainfo,
    ParsedTorrent,
    compute_infohashes,
    parse_torrent,
)

__all__ = [
    "MAX_BYTES",
    "ContentFile",
    "Details",
    "Metainfo",
    "ParsedTorrent",
    "compute_infohashes",
    "parse_torrent",
]
