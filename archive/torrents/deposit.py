"""The one way in. Every door, every command and every resolved torrent comes through here."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, connection, transaction

import metainfo
from archive.db.outages import outages
from archive.db.write_lock import write_lock
from archive.errors import PrivateTorrent, TakenDown, Unavailable, refusal_code
from archive.metrics import deposits
from archive.models import Torrent, Tracker
from archive.queue.fulfil import fulfil_wishes
from archive.store import get_storage, read_verified, storage_key
from archive.takedowns.takedown import delete_torrents, find_blocked
from metainfo.decompress import decompress_torrent
from metainfo.errors import Refusal
from metainfo.infohash import infohash_to_hex

_KNOWN = "SELECT coalesce(v1, v2) FROM archive_torrent WHERE v1 IN ({0}) OR v1 IS NULL AND v2 IN ({0})"
_COLUMNS = ("v1", "v2", "name", "size", "files", "length", "digest", "complete", "words")
_INSERT = f"INSERT INTO archive_torrent ({', '.join(_COLUMNS)}) VALUES "  # noqa: S608
_VALUES = f"({', '.join(['%s'] * len(_COLUMNS))})"
_TOGETHER = 16_000_000  # bytes of torrents, unpacked, in one transaction
_PER_STATEMENT = 500
_TRIES = 5
_TRACKERS_KEPT = 50  # later trackers a torrent: enough for any honest one, no room for a flood


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a depositor gets: the infohash that the torrent is kept under, and whether it was new."""

    infohash: str  # 40 upper-case hex digits (v1), or 64 where there is no v1
    new: bool


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A torrent that may come in, as far as its bytes alone can tell; the row is not saved."""

    torrent: bytes
    row: Torrent
    trackers: tuple[str, ...]
    infohash: bytes  # that it would be stored under


def deposit(torrent: bytes, *, entry_point: str = "program") -> Receipt:
    """Keep a torrent for good: when this returns, it is on the disk and in the index.

    `entry_point`: the protocol or program that it came through, a label of `hashkeep_deposits_total`.
    The bytes may be packed (gzip, bzip2). A torrent that is held already is a success and changes nothing, but
    for two things: a full file replaces one without its piece layers, and trackers unheard of are noted.
    Raises a Refusal: EmptyTorrent, TooLarge, NotATorrent, PrivateTorrent, TakenDown, Unavailable.
    """
    [outcome] = deposit_many([torrent], entry_point=entry_point)
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def deposit_many(
    torrents: Iterable[bytes | Refusal], *, entry_point: str = "program"
) -> list[Receipt | Refusal]:
    """As deposit, for any number; one transaction takes as many as fit in memory with ease.

    What the door itself has refused stays refused, and is counted.
    """
    outcomes: list[Receipt | Refusal] = []
    for batch in _batches(torrents):
        outcomes += _outcomes(batch)
    for outcome in outcomes:
        deposits.labels(entry_point, _word(outcome)).inc()
    return outcomes


def _batches(torrents: Iterable[bytes | Refusal]) -> Iterator[list[_Candidate | Refusal]]:
    """By what they take in memory: 10 MB of torrent come packed in 10 KB."""
    batch: list[_Candidate | Refusal] = []
    size = 0
    for torrent in torrents:
        one = _bare(torrent) if isinstance(torrent, Refusal) else _understand(torrent)
        batch.append(one)
        size += 0 if isinstance(one, Refusal) else len(one.torrent)
        if size >= _TOGETHER:
            yield batch
            batch.clear()  # not a new list: whoever looks at this one would keep it alive beside the next
            size = 0
    yield batch


def _outcomes(batch: Sequence[_Candidate | Refusal]) -> list[Receipt | Refusal]:
    candidates = [one for one in batch if isinstance(one, _Candidate)]
    try:
        settled: Iterable[Receipt | Refusal] = _settle(candidates) if candidates else []
    except Unavailable as unavailable:
        settled = [_bare(unavailable)] * len(candidates)
    results = iter(settled)
    return [next(results) if isinstance(one, _Candidate) else one for one in batch]


def _bare(refusal: Refusal) -> Refusal:
    """Without the frames that it came through, which hold whole torrents."""
    refusal.__traceback__ = refusal.__cause__ = refusal.__context__ = None
    return refusal


def _word(outcome: Receipt | Refusal) -> str:
    if isinstance(outcome, Refusal):
        return refusal_code(type(outcome))
    return "new" if outcome.new else "held"


def _understand(torrent: bytes) -> _Candidate | Refusal:
    try:
        torrent = decompress_torrent(torrent, settings.MAX_TORRENT_BYTES)
        meta = metainfo.parse_torrent(torrent, settings.MAX_TORRENT_BYTES)
    except Refusal as refusal:
        return _bare(refusal)
    if meta.private and settings.PRIVATE_TORRENTS == "refuse":
        return PrivateTorrent(
            "This torrent is private (BEP 27): its announce URL holds its uploader's passkey."
        )
    return _Candidate(torrent, Torrent.from_metainfo(torrent, meta), meta.trackers, meta.infohash)


def _settle(candidates: Sequence[_Candidate]) -> list[Receipt | Refusal]:
    """One outcome a candidate: refused as blocked, stored, held already, or held but now complete."""
    with outages():
        refused = _refused(candidates)
        delete_torrents(refused)  # what an earlier try put there before the takedown came, and then broke off
        welcome = [one for one in candidates if one.infohash not in refused]
        best = _best_of_each(welcome)
        kept = _store(best)
        new = _record(row for row in kept.values() if row.pk is None)
        _meet_again([one for one in welcome if one.row.digest != kept[one.infohash].digest])
        refused |= _overtaken(welcome)
        _tell([one for infohash, one in best.items() if infohash not in refused], kept)
    return [
        TakenDown(refused[one.infohash])
        if one.infohash in refused
        else Receipt(infohash_to_hex(one.infohash), new=one.infohash in new and best[one.infohash] is one)
        for one in candidates
    ]


def _store(best: dict[bytes, _Candidate]) -> dict[bytes, Torrent]:
    """The rows for what lies in the storage now: the index's, or such as it lacks.

    Objects first, rows second: a crash in between leaves an object that scrub or the next deposit indexes.
    """
    known = _known(best)
    kept = {row.infohash: row for row in Torrent.objects.stored_under(known)} if known else {}
    fresh = {storage_key(infohash): one for infohash, one in best.items() if infohash not in kept}
    for infohash, row in kept.items():
        if row.digest == best[infohash].row.digest:
            # This writes nothing, unless the bytes have been lost.
            get_storage().put(storage_key(infohash), best[infohash].torrent)
    new = get_storage().put_all({name: one.torrent for name, one in fresh.items()}) if fresh else ()
    return kept | {one.infohash: one.row if name in new else _found(one) for name, one in fresh.items()}


def _overtaken(candidates: Sequence[_Candidate]) -> dict[bytes, str]:
    """A takedown may have come since the first look: whoever comes second cleans up.

    The reasons of such takedowns, by the infohash that the torrent would be stored under.
    """
    overtaken = _refused(candidates)
    delete_torrents(overtaken)
    return overtaken


def _tell(best: Iterable[_Candidate], kept: dict[bytes, Torrent]) -> None:
    """Those who wished for them."""
    complete: list[Torrent] = []
    incomplete: list[Torrent] = []
    for one in best:
        whole = one.row.complete or kept[one.infohash].complete
        (complete if whole else incomplete).append(one.row)
    fulfil_wishes(complete, incomplete)


def _refused(candidates: Sequence[_Candidate]) -> dict[bytes, str]:
    """The reasons, by the infohash that the candidate would be stored under."""
    reasons = find_blocked(infohash for one in candidates for infohash in one.row.infohashes)
    return {
        one.infohash: reasons[infohash]
        for one in candidates
        for infohash in one.row.infohashes
        if infohash in reasons
    }


def _best_of_each(candidates: Iterable[_Candidate]) -> dict[bytes, _Candidate]:
    """The first of each infohash, or the first that is complete."""
    best: dict[bytes, _Candidate] = {}
    for one in candidates:
        other = best.setdefault(one.infohash, one)
        if one.row.complete and not other.row.complete:
            best[one.infohash] = one
    return best


def _known(infohashes: Iterable[bytes]) -> list[bytes]:
    """Those that have a row. Nearly always none, and the ORM would take ten times as long to ask."""
    names = list(infohashes)
    if not names:
        return []
    places = ", ".join(["%s"] * len(names))
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN.format(places), names + names)
        return [bytes(infohash) for (infohash,) in cursor.fetchall()]


def _found(candidate: _Candidate) -> Torrent:
    """There are bytes under its name, and no row. If they are sound, those are the first stored."""
    if earlier := read_verified(candidate.infohash):
        torrent, meta = earlier
        if meta.complete or not candidate.row.complete:
            return Torrent.from_metainfo(torrent, meta)
    get_storage().put(storage_key(candidate.infohash), candidate.torrent, replace=True)
    return candidate.row


def _record(rows: Iterable[Torrent]) -> set[bytes]:
    """Insert the rows, in an order that keeps two batches from waiting for each other.

    The infohashes of those that were not there: so what is told as new is what the count rises by.
    """
    best: dict[bytes, Torrent] = {}
    for row in sorted(rows, key=lambda row: (row.infohash, not row.complete)):
        best.setdefault(row.infohash, row)
    tries = 0
    while best:
        try:
            _insert(list(best.values()))
            break
        except IntegrityError:  # somebody was faster with some of them, and may have taken them down since
            tries += 1
            if tries == _TRIES:
                raise
            for infohash in _known(best):
                del best[infohash]
    return set(best)


def _insert(rows: Sequence[Torrent]) -> None:
    """As bulk_create, in a fifth of its time."""
    with write_lock(), connection.cursor() as cursor:
        for start in range(0, len(rows), _PER_STATEMENT):
            some = rows[start : start + _PER_STATEMENT]
            values = [getattr(row, column) for row in some for column in _COLUMNS]
            cursor.execute(_INSERT + ", ".join([_VALUES] * len(some)), values)


def _meet_again(copies: Sequence[_Candidate]) -> None:
    """Others of what is held. One replaces bytes that are lost or lack their piece layers; else trackers count."""
    if not copies:
        return
    held = {row.infohash: row for row in Torrent.objects.stored_under({one.infohash for one in copies})}
    for one in copies:
        if row := held.get(one.infohash):  # else it has just been taken down
            _meet(row, one)


def _meet(held: Torrent, candidate: _Candidate) -> None:
    stored = read_verified(held.infohash)
    completes = candidate.row.complete and not held.complete and held.v2 == candidate.row.v2
    if stored is None or completes:
        get_storage().put(storage_key(held.infohash), candidate.torrent, replace=True)
        for column in ("length", "digest", "complete"):
            setattr(held, column, getattr(candidate.row, column))  # for the next copy too
        Torrent.objects.filter(pk=held.pk).update(
            length=held.length, digest=held.digest, complete=held.complete
        )
    else:
        _note_trackers(held, candidate.trackers, stored[1].trackers)


def _note_trackers(held: Torrent, trackers: Sequence[str], stored: Sequence[str]) -> None:
    with transaction.atomic():
        noted = set(Tracker.objects.filter(torrent=held).values_list("url", flat=True))
        new = [url for url in trackers if url not in noted and url not in stored]
        room = max(0, _TRACKERS_KEPT - len(noted))
        Tracker.objects.bulk_create(
            [Tracker(torrent=held, url=url) for url in new[:room]], ignore_conflicts=True
        )
