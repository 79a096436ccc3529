"""Delivers torrents that were found to the requests that wait for them, before the torrents are stored.

What came from the network can be had again, so these requests need not wait for the disk. A takedown is in force all
the same: it is looked for here, and again when an early copy is read (`archive.torrents.retrieve`).
"""

import logging
from collections.abc import Mapping

from archive.early_copies import EarlyCopy, write_early_copy
from archive.queue.settlement_notifications import notify_found
from archive.takedowns.find_blocked import find_blocked
from archive.torrents.deposit_candidate import Candidate
from metainfo.infohash import infohash_to_hex

_log = logging.getLogger(__name__)


def deliver_early(found: Mapping[bytes, Candidate]) -> None:
    """Write early copies of these torrents, by wish key, and notify the processes with waiting requests.

    When they are stored, or refused, the copies have to be deleted (`delete_early_copies`). What is blocked, or
    cannot be written, is left out: its requests wait until it is stored or refused. Raises Unavailable.
    """
    blocked = find_blocked(infohash for one in found.values() for infohash in one.row.infohashes)
    delivered: dict[bytes, str] = {}
    for wish_key, one in found.items():
        if blocked.keys().isdisjoint(one.row.infohashes) and _write_copy(one):
            delivered[wish_key] = infohash_to_hex(one.infohash)
    if delivered:
        notify_found(delivered)


def _write_copy(candidate: Candidate) -> bool:
    v1, v2 = (bytes(one) if one else None for one in (candidate.row.v1, candidate.row.v2))
    copy = EarlyCopy(candidate.torrent, v1, v2)
    try:
        write_early_copy(candidate.infohash, copy)
    except OSError as error:
        _log.warning("An early copy could not be written: %s", error)
        return False
    return True
