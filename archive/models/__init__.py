"""The index: torrents, takedowns, wishes, keys, accounts, films and counts of peers; a module for each."""

from archive.models.accounts import Belonging
from archive.models.blocks import Block, Takedown
from archive.models.census import DayKey, DayMarks, PeerDay, Watched
from archive.models.films import Confidence, Film, Title, TitleList
from archive.models.keys import IssuedKey
from archive.models.sources import Source
from archive.models.torrents import Tally, Torrent, Tracker
from archive.models.wishes import Wanted
from archive.models.workers import Pulse

__all__ = [
    "Belonging",
    "Block",
    "Confidence",
    "DayKey",
    "DayMarks",
    "Film",
    "IssuedKey",
    "PeerDay",
    "Pulse",
    "Source",
    "Takedown",
    "Tally",
    "Title",
    "TitleList",
    "Torrent",
    "Tracker",
    "Wanted",
    "Watched",
]
