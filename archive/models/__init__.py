"""The tables of the database, which hold the index: what is stored, blocked, wanted and counted."""

from archive.models.api_keys import Belonging, IssuedKey
from archive.models.census import CensusDay, CountryDay, PeerDay, Watched
from archive.models.films import Confidence, Film, Title, TitleList
from archive.models.heartbeats import Pulse
from archive.models.mirrored_archives import Source
from archive.models.takedowns import Block, Takedown
from archive.models.torrents import StoredDay, Tally, Torrent, Tracker
from archive.models.wishes import Wanted

__all__ = [
    "Belonging",
    "Block",
    "CensusDay",
    "Confidence",
    "CountryDay",
    "Film",
    "IssuedKey",
    "PeerDay",
    "Pulse",
    "Source",
    "StoredDay",
    "Takedown",
    "Tally",
    "Title",
    "TitleList",
    "Torrent",
    "Tracker",
    "Wanted",
    "Watched",
]
