"""The BitTorrent network: ask it for a torrent by its hash. Knows nothing of the archive."""

from swarm.config import Config
from swarm.fetch.engine import Session
from swarm.wish import Found, Wish, torrent

__all__ = ["Config", "Found", "Session", "Wish", "torrent"]
