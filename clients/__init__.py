"""People's own torrent clients, qBittorrent and Transmission, over their web interfaces.

    addresses = parse_client_addresses("home=qbittorrent://user:password@host:8080")
    with closing(open_client(addresses["home"])) as client:
        client.add(TorrentToAdd(torrent, infohashes), paused=True)

clients/contract.py says what each method promises, errors.py what it may raise; qbittorrent.py and transmission.py
keep the promises. finished_files.py opens what a client has downloaded.
"""

from clients.address import ClientAddress, parse_client_addresses
from clients.contract import (
    Client,
    ClientFile,
    ClientTorrent,
    ClientTracker,
    TorrentState,
    TorrentToAdd,
    find_known_infohash,
)
from clients.errors import (
    ClientError,
    Garbled,
    NoAnswer,
    OutOfReach,
    RejectedTorrent,
    RejectedTracker,
    Unfinished,
    UnknownTorrent,
    Unreachable,
    WrongPassword,
)
from clients.factory import open_client

__all__ = [
    "Client",
    "ClientAddress",
    "ClientError",
    "ClientFile",
    "ClientTorrent",
    "ClientTracker",
    "Garbled",
    "NoAnswer",
    "OutOfReach",
    "RejectedTorrent",
    "RejectedTracker",
    "TorrentState",
    "TorrentToAdd",
    "Unfinished",
    "UnknownTorrent",
    "Unreachable",
    "WrongPassword",
    "find_known_infohash",
    "open_client",
    "parse_client_addresses",
]
