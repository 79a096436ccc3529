"""The BitTorrent network: ask it for a torrent by its hash. Knows nothing of the archive."""

from swarm.config import Config
from swarm.fetch.engine import SearchEngine
from swarm.search_request import FoundMetadata, SearchRequest, build_torrent

__all__ = ["Config", "FoundMetadata", "SearchEngine", "SearchRequest", "build_torrent"]
