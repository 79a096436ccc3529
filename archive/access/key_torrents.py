"""The torrents of an account, which is a key: whoever holds it asked for them. No key sees another's.

What becomes of them in the key's torrent client is the doors' business; here it is only written down.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from archive.access.api_keys import ApiKey
from archive.db.outages import outages
from archive.errors import NotHeld
from archive.models import Belonging, Torrent
from archive.takedowns.find_blocked import find_blocked, refuse_blocked
from archive.torrents.catalogue import TorrentEntry, build_entry
from metainfo.magnet import Magnet

MAX_NAME_LENGTH = 255  # characters
_LARGEST = 2**63 - 1  # of the database's whole numbers
_AT_ONCE = 500  # SQLite has a limit on variables


@dataclass(frozen=True, slots=True)
class KeyTorrent:
    """`name`: as its owner calls it, or "". `brought`: the client has it from us. `entry`: what is held, if it is."""

    id: int
    v1: bytes | None
    v2: bytes | None
    name: str
    brought: bool
    added_at: datetime
    entry: TorrentEntry | None

    @property
    def infohashes(self) -> tuple[bytes, ...]:
        """All that it goes by: v1 first."""
        return tuple(filter(None, (self.v1, self.v2)))


def add_key_torrent(key: ApiKey, asked: Magnet, name: str = "") -> KeyTorrent:
    """What is there already stays, but for a new name. Raises TakenDown, Unavailable."""
    with outages():
        known = _with_all_names(asked)
        refuse_blocked(known.infohashes)
        try:
            with transaction.atomic():
                row = _mine(key).filter(_named(known.infohashes)).first() or Belonging(key_id=key.id)
                row.v1, row.v2 = known.v1 or row.v1, known.v2 or row.v2
                row.name = _kept(name) or row.name
                row.save()
        except IntegrityError:  # somebody was faster with the same
            row = _mine(key).filter(_named(known.infohashes)).latest("pk")
        row.refresh_from_db()
        return _owned([row])[0]


def get_key_torrent(key: ApiKey, number: int) -> KeyTorrent:
    """Raises NotHeld where the account has no such torrent, TakenDown, Unavailable."""
    with outages():
        row = _mine(key).filter(pk=number).first() if 0 <= number <= _LARGEST else None
        if row is None:
            raise NotHeld(f"You have no torrent with the id {number}.")
        refuse_blocked(_infohashes(row))
        return _owned([row])[0]


def list_key_torrents(key: ApiKey, first: int = 0, most: int | None = None) -> list[KeyTorrent]:
    """All of them or so many, the longest there first, without those that were taken down. Raises Unavailable."""
    with outages():
        end = None if most is None else first + most
        rows = list(_mine(key).order_by("pk")[first:end])
        gone = find_blocked(infohash for row in rows for infohash in _infohashes(row))
        return _owned([row for row in rows if not any(infohash in gone for infohash in _infohashes(row))])


def remove_key_torrents(key: ApiKey, *numbers: int) -> None:
    """The torrents themselves stay in the archive. Raises NotHeld where none of them was there, Unavailable."""
    known = [number for number in numbers if 0 <= number <= _LARGEST]
    with outages():
        some = (known[start : start + _AT_ONCE] for start in range(0, len(known), _AT_ONCE))
        deleted = sum(_mine(key).filter(pk__in=each).delete()[0] for each in some)
    if numbers and not deleted:
        raise NotHeld(f"You have no torrent with the id {numbers[0]}.")


def rename_key_torrent(key: ApiKey, number: int, name: str) -> None:
    """Raises NotHeld, Unavailable."""
    with outages():
        if not _mine(key).filter(pk=number).update(name=_kept(name)):
            raise NotHeld(f"You have no torrent with the id {number}.")


def mark_in_client(key: ApiKey, mine: KeyTorrent, *, new: bool) -> None:
    """The key's client has it. `new`: it did not before, so it is ours; or it is of an account that brought it."""
    with outages():
        if new or _others(key, mine).filter(brought=True).exists():
            _mine(key).filter(pk=mine.id).update(brought=True)


def is_shared_in_client(key: ApiKey, mine: KeyTorrent) -> bool:
    """Whether another account with the same client has it too. Raises Unavailable."""
    with outages():
        return _others(key, mine).exists()


def _kept(name: str) -> str:
    """What any database can hold of it: no half of a pair (JSON can say so), and for PostgreSQL no NUL."""
    return name[:MAX_NAME_LENGTH].encode(errors="replace").decode().replace("\0", "\ufffd")


def _mine(key: ApiKey) -> QuerySet[Belonging]:
    return Belonging.objects.filter(key_id=key.id)


def _others(key: ApiKey, mine: KeyTorrent) -> QuerySet[Belonging]:
    with_client = Belonging.objects.filter(key__client=key.client).exclude(key_id=key.id)
    return with_client.filter(_named(mine.infohashes))


def _named(infohashes: Sequence[bytes]) -> Q:
    shorts = {infohash[:20] for infohash in infohashes}
    return Q(v1__in=shorts) | Q(v2__in=[infohash for infohash in infohashes if len(infohash) == 32])


def _with_all_names(asked: Magnet) -> Magnet:
    """A stored torrent may have one more than the link names; and what looks like v1 may be a truncated v2."""
    for infohash in asked.infohashes:
        if held := Torrent.objects.find(infohash):
            return Magnet(_raw(held.v1), _raw(held.v2))
    return asked


def _owned(rows: Sequence[Belonging]) -> list[KeyTorrent]:
    held = Torrent.objects.find_all(infohash for row in rows for infohash in _infohashes(row))
    return [_told(row, next((held[name] for name in _infohashes(row) if name in held), None)) for row in rows]


def _told(row: Belonging, held: Torrent | None) -> KeyTorrent:
    v1, v2 = (held.v1, held.v2) if held else (row.v1, row.v2)
    return KeyTorrent(
        id=row.pk,
        v1=_raw(v1),
        v2=_raw(v2),
        name=row.name,
        brought=row.brought,
        added_at=row.added_at,
        entry=build_entry(held) if held else None,
    )


def _infohashes(row: Belonging) -> Iterable[bytes]:
    return [bytes(infohash) for infohash in (row.v1, row.v2) if infohash]


def _raw(stored: bytes | memoryview | None) -> bytes | None:
    return bytes(stored) if stored else None
