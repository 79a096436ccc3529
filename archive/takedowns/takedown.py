"""Take a torrent down, and lift a takedown again.

A takedown takes two steps, since the database and the storage do not share a transaction:

1. In one transaction, block every infohash of the torrent, and mark the takedown as unfinished. From here on the
   torrent is refused, not served and not listed, whichever of its infohashes a request names.
2. Delete row and object, and remove the mark. If that breaks off, `finish_takedowns` does it at the next start.
"""

from collections.abc import Iterable
from enum import StrEnum

from django.db import transaction

from archive.db.outages import outages
from archive.early_copies import delete_early_copies
from archive.errors import NotHeld
from archive.models import Block, Takedown, Torrent
from archive.store import get_storage, read_verified, storage_key
from archive.takedowns.disk_reserve import release_disk_reserve
from archive.takedowns.find_blocked import find_block_keys
from metainfo.infohash import truncate_infohash


class TakedownOutcome(StrEnum):
    """In words for people, to be printed after the infohash."""

    TAKEN_DOWN = "is taken down."
    BLOCKED = "is blocked; it was not held."
    KNOWN = "was blocked before; the new reason stands."


def take_down(infohash: bytes, reason: str, *, listed: bool = True) -> TakedownOutcome:
    """Block the torrent by every infohash that is known of it, and delete its row and its bytes.

    A torrent that is in the storage, but not yet in the index, is found by the infohash that it is stored under; by
    its other one only after `scrub` has indexed it.

    `listed=False` keeps it off the public page: for material whose very hash must not be spread. May be repeated,
    with another reason too. Raises Unavailable; what is recorded by then stays blocked.
    """
    reason = " ".join(reason.split())
    with release_disk_reserve(), outages():
        row = Torrent.objects.find(infohash)
        held = set(row.infohashes) if row else _infohashes_of_unindexed(infohash)
        infohashes = {infohash} | held
        with transaction.atomic():
            earlier = Block.objects.filter(short__in=map(truncate_infohash, infohashes)).first()
            takedown = earlier.takedown if earlier else Takedown()
            # An attempt that failed may have deleted the row, not the bytes: its blocks have the infohashes.
            if earlier:
                infohashes |= {bytes(block.infohash) for block in takedown.blocks.all()}
            takedown.reason, takedown.listed, takedown.unfinished = reason, listed, True
            takedown.save()
            _block_infohashes(takedown, infohashes)
        _delete_and_mark_finished(takedown, infohashes)
    if held:
        return TakedownOutcome.TAKEN_DOWN
    return TakedownOutcome.KNOWN if earlier else TakedownOutcome.BLOCKED


def finish_takedowns() -> int:
    """Delete the bytes for takedowns that broke off because the storage was away or the process was killed.

    Until then a web server that serves the folder of objects directly goes on serving such a torrent at its public
    URL. Each start of `serve` calls this, which also creates the disk reserve. Returns how many there were. Raises
    Unavailable.
    """
    with release_disk_reserve(), outages():
        unfinished = list(Takedown.objects.filter(unfinished=True))
        for takedown in unfinished:
            infohashes = {bytes(block.infohash) for block in takedown.blocks.filter(hashed=False)}
            _delete_and_mark_finished(takedown, infohashes)
    return len(unfinished)


def lift_takedown(infohash: bytes) -> None:
    """Undo a takedown, for all infohashes of that torrent, and what a list of digests says of this infohash.

    The bytes are gone, and must be uploaded again. Raises NotHeld if nothing is blocked under this infohash, and
    Unavailable.
    """
    with release_disk_reserve(), outages():
        lifted, _ = Takedown.objects.filter(blocks__short__in=find_block_keys(infohash)).delete()
    if not lifted:
        raise NotHeld("This infohash is not blocked.")


def delete_torrents(infohashes: Iterable[bytes]) -> None:
    """Delete rows, early copies and objects of these torrents, the row first, so that none is without its object."""
    to_delete = set(infohashes)
    for infohash in to_delete:
        if row := Torrent.objects.find(infohash):
            to_delete = to_delete | {row.infohash}
            row.delete()
    delete_early_copies(to_delete)
    for infohash in to_delete:
        get_storage().delete(storage_key(infohash))


def _block_infohashes(takedown: Takedown, infohashes: Iterable[bytes]) -> None:
    # A truncated v2 infohash and the whole one make the same block. The longer comes last and wins, as it says more.
    blocks = {
        truncate_infohash(one): Block.for_infohash(one, takedown) for one in sorted(infohashes, key=len)
    }
    Block.objects.bulk_create(
        blocks.values(), update_conflicts=True, unique_fields=["short"], update_fields=["takedown"]
    )


def _delete_and_mark_finished(takedown: Takedown, infohashes: set[bytes]) -> None:
    delete_torrents(infohashes)
    Takedown.objects.filter(pk=takedown.pk).update(unfinished=False)


def _infohashes_of_unindexed(infohash: bytes) -> set[bytes]:
    """All infohashes of the object that is stored under this one without a row, as after a crash; none without it."""
    if stored := read_verified(infohash):
        _, metainfo = stored
        return {one for one in (metainfo.v1, metainfo.v2) if one}
    return set()
