"""The BitTorrent network: finds a torrent by its infohash, and counts the peers of a swarm. Knows no archive."""

from swarm.config import Config
from swarm.fetch.engine import SearchEngine
from swarm.outcome import FoundMetadata, SearchOutcome, UnusableMetadata
from swarm.search_request import SearchRequest
from swarm.torrent_file import build_torrent

__all__ = [
    "Config",
    "FoundMetadata",
    "SearchEngine",
    "SearchOutcome",
    "SearchRequest",
    "UnusableMetadata",
    "build_torrent",
]
