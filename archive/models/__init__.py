"""The index: torrents, takedowns, wishes, keys, accounts, films and counts of peers; a module for each."""

from archive.models.accounts import Belonging
from archive.models.blocks import Block, Takedown
from archive.models.census import CensusDay, CountryDay, PeerDay, Watched
from archive.models.films import Confidence, Film, Title, TitleList
from archive.models.keys import IssuedKey
from archive.models.sources import Source
from archive.models.torrents import StoredDay, Tally, Torrent, Tracker
from archive.models.wishes import Wanted
from archive.models.workers import Pulse

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
