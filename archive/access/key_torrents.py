"""Each API key's own list of torrents: those that its holder has added, held or not. No key sees another's list.

A key is all there is of an account. TorBox's dialect, where each user has a list, is what uses these lists. It also
hands a torrent to the key's torrent client; here is only recorded which torrents the client has from this archive.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from archive.access.api_keys import ApiKey
from archive.db.outages import outages
from archive.db.sql import chunks
from archive.errors import NotHeld
from archive.models import Belonging, Torrent
from archive.takedowns.find_blocked import find_blocked, refuse_blocked
from archive.torrents.index_entries import TorrentEntry, build_entry
from metainfo.magnet import Magnet

MAX_NAME_LENGTH = 255  # characters
_MAX_ID = 2**63 - 1  # the largest that a database can compare with


@dataclass(frozen=True, slots=True)
class KeyTorrent:
    """A torrent in a key's list.

    `name`: as the key's holder calls it, or "". `added_by_us`: the key's torrent client got it from this archive.
    `entry`: the torrent as it is held, None where it is not.
    """

    id: int
    v1: bytes | None
    v2: bytes | None
    name: str
    added_by_us: bool
    added_at: datetime
    entry: TorrentEntry | None

    @property
    def infohashes(self) -> tuple[bytes, ...]:
        """All infohashes that are known of it, v1 first."""
        return tuple(filter(None, (self.v1, self.v2)))


def add_key_torrent(key: ApiKey, asked: Magnet, name: str = "") -> KeyTorrent:
    """Add a torrent to the key's list, or give the one that is there already this name unless it is "".

    Raises TakenDown, Unavailable.
    """
    with outages():
        known = _all_infohashes(asked)
        refuse_blocked(known.infohashes)
        try:
            with transaction.atomic():
                row = _rows_of(key).filter(_has_infohash(known.infohashes)).first() or Belonging(
                    key_id=key.id
                )
                row.v1, row.v2 = known.v1 or row.v1, known.v2 or row.v2
                row.name = _storable_name(name) or row.name
                row.save()
        except IntegrityError:  # another request added the same at this moment
            row = _rows_of(key).filter(_has_infohash(known.infohashes)).latest("pk")
        row.refresh_from_db()
        return _build_key_torrents([row])[0]


def get_key_torrent(key: ApiKey, number: int) -> KeyTorrent:
    """The torrent with this id in the key's list. Raises NotHeld where there is none, TakenDown, Unavailable."""
    with outages():
        row = _rows_of(key).filter(pk=number).first() if 0 <= number <= _MAX_ID else None
        if row is None:
            raise NotHeld(f"You have no torrent with the id {number}.")
        refuse_blocked(_infohashes_of(row))
        return _build_key_torrents([row])[0]


def list_key_torrents(key: ApiKey, first: int = 0, limit: int | None = None) -> list[KeyTorrent]:
    """The key's torrents, those added first first, without those that were taken down. Raises Unavailable.

    `first`: how many to pass over; `limit`: at most so many rows, of which those taken down are left out.
    """
    with outages():
        end = None if limit is None else first + limit
        rows = list(_rows_of(key).order_by("pk")[first:end])
        blocked = find_blocked(infohash for row in rows for infohash in _infohashes_of(row))
        return _build_key_torrents([row for row in rows if blocked.keys().isdisjoint(_infohashes_of(row))])


def remove_key_torrents(key: ApiKey, *numbers: int) -> None:
    """Remove torrents from the key's list; the archive goes on holding them.

    Raises NotHeld where none of these ids is in the list, Unavailable.
    """
    valid = [number for number in numbers if 0 <= number <= _MAX_ID]
    with outages():
        deleted = sum(_rows_of(key).filter(pk__in=some).delete()[0] for some in chunks(valid))
    if numbers and not deleted:
        raise NotHeld(f"You have no torrent with the id {numbers[0]}.")


def rename_key_torrent(key: ApiKey, number: int, name: str) -> None:
    """Give a torrent of the key's list another name. Raises NotHeld where it is not in the list, Unavailable."""
    with outages():
        if not _rows_of(key).filter(pk=number).update(name=_storable_name(name)):
            raise NotHeld(f"You have no torrent with the id {number}.")


def mark_in_client(key: ApiKey, torrent: KeyTorrent, *, new: bool) -> None:
    """Record that the key's torrent client has this torrent.

    It counts as added by us if it is `new` to the client, or if the client got it from us for another key.
    """
    with outages():
        if new or _same_torrent_of_other_keys(key, torrent).filter(brought=True).exists():
            _rows_of(key).filter(pk=torrent.id).update(brought=True)


def is_shared_in_client(key: ApiKey, torrent: KeyTorrent) -> bool:
    """Whether another key with the same torrent client has this torrent in its list. Raises Unavailable."""
    with outages():
        return _same_torrent_of_other_keys(key, torrent).exists()


def _storable_name(name: str) -> str:
    """The part of a name that any database can hold: no lone surrogate, which JSON can spell, and no NUL."""
    return name[:MAX_NAME_LENGTH].encode(errors="replace").decode().replace("\0", "\ufffd")


def _rows_of(key: ApiKey) -> QuerySet[Belonging]:
    return Belonging.objects.filter(key_id=key.id)


def _same_torrent_of_other_keys(key: ApiKey, torrent: KeyTorrent) -> QuerySet[Belonging]:
    """The rows of this torrent in the lists of other keys with the same torrent client."""
    same_client = Belonging.objects.filter(key__client=key.client).exclude(key_id=key.id)
    return same_client.filter(_has_infohash(torrent.infohashes))


def _has_infohash(infohashes: Sequence[bytes]) -> Q:
    """The condition that a row has one of these; a v1 infohash of a row may be a truncated v2."""
    shorts = {infohash[:20] for infohash in infohashes}
    return Q(v1__in=shorts) | Q(v2__in=[infohash for infohash in infohashes if len(infohash) == 32])


def _all_infohashes(asked: Magnet) -> Magnet:
    """The infohashes of the stored torrent that this link means, or else the link's own.

    The stored torrent may have one more than the link, and what looks like v1 may be a truncated v2.
    """
    for infohash in asked.infohashes:
        if held := Torrent.objects.find(infohash):
            return Magnet(_to_bytes(held.v1), _to_bytes(held.v2))
    return asked


def _build_key_torrents(rows: Sequence[Belonging]) -> list[KeyTorrent]:
    held = Torrent.objects.find_all(infohash for row in rows for infohash in _infohashes_of(row))
    return [
        _build_key_torrent(
            row, next((held[infohash] for infohash in _infohashes_of(row) if infohash in held), None)
        )
        for row in rows
    ]


def _build_key_torrent(row: Belonging, held: Torrent | None) -> KeyTorrent:
    v1, v2 = (held.v1, held.v2) if held else (row.v1, row.v2)
    return KeyTorrent(
        id=row.pk,
        v1=_to_bytes(v1),
        v2=_to_bytes(v2),
        name=row.name,
        added_by_us=row.brought,
        added_at=row.added_at,
        entry=build_entry(held) if held else None,
    )


def _infohashes_of(row: Belonging) -> Iterable[bytes]:
    return [bytes(infohash) for infohash in (row.v1, row.v2) if infohash]


def _to_bytes(stored: bytes | memoryview | None) -> bytes | None:
    return bytes(stored) if stored else None
