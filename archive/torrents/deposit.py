"""The one way in: every upload, command and search of the network stores its torrents here.

A batch of torrents takes these steps:

1. Parse the bytes (`deposit_candidate`). A torrent that is refused here costs no query and no write.
2. Refuse what is blocked, and delete what an interrupted deposit may have left of it.
3. Of several copies of one torrent choose the best, and write its bytes to the storage.
4. Insert the rows of new torrents (`insert_torrents`), which counts them. Objects come before rows: after a crash in
   between, `scrub` or the next deposit inserts the row.
5. Compare the other copies with what is stored (`later_copies`).
6. Look for takedowns again: of a deposit and a takedown at the same time the later one cleans up.
7. Fulfil the wishes for these torrents.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from archive.db.outages import outages
from archive.errors import TakenDown, Unavailable, refusal_code
from archive.metrics import deposits
from archive.models import Torrent
from archive.queue.fulfil_wishes import fulfil_wishes
from archive.store import get_storage, read_verified, storage_key
from archive.takedowns.find_blocked import find_blocked
from archive.takedowns.takedown import delete_torrents
from archive.torrents.deposit_candidate import Candidate, parse_candidate
from archive.torrents.insert_torrents import insert_torrents, select_indexed
from archive.torrents.later_copies import add_later_copies
from metainfo.errors import Refusal
from metainfo.infohash import infohash_to_hex

_BATCH_BYTES = 16_000_000  # of torrents, unpacked: a packed one of 10 KB may have 10 MB


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a depositor gets: the infohash that the torrent is stored under, and whether it was new."""

    infohash: str  # 40 upper-case hex digits (v1), or 64 where there is no v1
    new: bool


def deposit(torrent: bytes, *, entry_point: str = "program") -> Receipt:
    """Store a torrent for good: when this returns, it is on the disk and in the index.

    `entry_point`: the protocol or program that it came through, which is the label `door` of hashkeep_deposits_total.
    The bytes may be packed (gzip, bzip2). A torrent that is held already is a success and changes nothing, with two
    exceptions: a file with piece layers replaces one without them, and trackers that are not known yet are noted.
    Raises a Refusal: EmptyTorrent, TooLarge, NotATorrent, PrivateTorrent, TakenDown, Unavailable.
    """
    [outcome] = deposit_many([torrent], entry_point=entry_point)
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def deposit_many(
    torrents: Iterable[bytes | Candidate | Refusal], *, entry_point: str = "program"
) -> list[Receipt | Refusal]:
    """As deposit, for many: one outcome for each, in their order. As many share a transaction as fit in memory.

    A Candidate is a torrent that the caller has parsed already. A Refusal among the torrents is one that the caller
    could not read. It is counted, and is its own outcome.
    """
    outcomes: list[Receipt | Refusal] = []
    for batch in _read_batches(torrents):
        outcomes += _deposit_batch(batch)
    for outcome in outcomes:
        deposits.labels(entry_point, _metric_outcome(outcome)).inc()
    return outcomes


def _read_batches(torrents: Iterable[bytes | Candidate | Refusal]) -> Iterator[list[Candidate | Refusal]]:
    batch: list[Candidate | Refusal] = []
    size = 0
    for torrent in torrents:
        parsed = _parse_or_refuse(torrent)
        batch.append(parsed)
        size += 0 if isinstance(parsed, Refusal) else len(parsed.torrent)
        if size >= _BATCH_BYTES:
            yield batch
            # A new list would leave the old one, which the caller still refers to, in memory beside the next.
            batch.clear()
            size = 0
    yield batch


def _parse_or_refuse(torrent: bytes | Candidate | Refusal) -> Candidate | Refusal:
    if isinstance(torrent, Candidate):
        return torrent
    if isinstance(torrent, Refusal):
        return _strip_traceback(torrent)
    try:
        return parse_candidate(torrent)
    except Refusal as refusal:
        return _strip_traceback(refusal)


def _strip_traceback(refusal: Refusal) -> Refusal:
    """The frames of a traceback refer to whole torrents, which would stay in memory with the refusal."""
    refusal.__traceback__ = refusal.__cause__ = refusal.__context__ = None
    return refusal


def _metric_outcome(outcome: Receipt | Refusal) -> str:
    if isinstance(outcome, Refusal):
        return refusal_code(type(outcome))
    return "new" if outcome.new else "held"


def _deposit_batch(batch: Sequence[Candidate | Refusal]) -> list[Receipt | Refusal]:
    candidates = [one for one in batch if isinstance(one, Candidate)]
    try:
        stored: Iterable[Receipt | Refusal] = _store_candidates(candidates) if candidates else []
    except Unavailable as unavailable:
        stored = [_strip_traceback(unavailable)] * len(candidates)
    outcomes = iter(stored)
    return [next(outcomes) if isinstance(one, Candidate) else one for one in batch]


def _store_candidates(candidates: Sequence[Candidate]) -> list[Receipt | Refusal]:
    """Steps 2 to 7: one outcome a candidate. Raises Unavailable."""
    with outages():
        refused = _refusal_reasons(candidates)
        delete_torrents(refused)
        allowed = [one for one in candidates if one.infohash not in refused]
        best = _choose_best_copies(allowed)
        rows = _write_objects(best)
        new = insert_torrents(row for row in rows.values() if row.pk is None)
        add_later_copies([one for one in allowed if one.row.digest != rows[one.infohash].digest])
        refused |= _delete_blocked_meanwhile(allowed)
        _fulfil_wishes([one for infohash, one in best.items() if infohash not in refused], rows)
    return [
        TakenDown(refused[one.infohash])
        if one.infohash in refused
        else Receipt(infohash_to_hex(one.infohash), new=one.infohash in new and best[one.infohash] is one)
        for one in candidates
    ]


def _refusal_reasons(candidates: Sequence[Candidate]) -> dict[bytes, str]:
    """The reasons of takedowns, by the infohash that the blocked candidate would be stored under."""
    reasons = find_blocked(infohash for one in candidates for infohash in one.row.infohashes)
    return {
        one.infohash: reasons[infohash]
        for one in candidates
        for infohash in one.row.infohashes
        if infohash in reasons
    }


def _delete_blocked_meanwhile(candidates: Sequence[Candidate]) -> dict[bytes, str]:
    reasons = _refusal_reasons(candidates)
    delete_torrents(reasons)
    return reasons


def _choose_best_copies(candidates: Iterable[Candidate]) -> dict[bytes, Candidate]:
    """The first of each infohash, or the first that is complete."""
    best: dict[bytes, Candidate] = {}
    for one in candidates:
        other = best.setdefault(one.infohash, one)
        if one.row.complete and not other.row.complete:
            best[one.infohash] = one
    return best


def _write_objects(best: dict[bytes, Candidate]) -> dict[bytes, Torrent]:
    """Store the bytes that the storage lacks. The rows of what it holds then; those without a `pk` are not saved."""
    indexed = select_indexed(best)
    rows = {row.infohash: row for row in Torrent.objects.stored_under(indexed)} if indexed else {}
    for infohash, row in rows.items():
        if row.digest == best[infohash].row.digest:
            # This writes nothing, unless the bytes have been lost.
            get_storage().put(storage_key(infohash), best[infohash].torrent)
    unindexed = {storage_key(infohash): one for infohash, one in best.items() if infohash not in rows}
    written = get_storage().put_all({key: one.torrent for key, one in unindexed.items()}) if unindexed else ()
    return rows | {
        one.infohash: one.row if key in written else _row_of_object(one) for key, one in unindexed.items()
    }


def _row_of_object(candidate: Candidate) -> Torrent:
    """The row for an object that has none. If its bytes are sound, they were stored first, and stay."""
    if stored := read_verified(candidate.infohash):
        torrent, metainfo = stored
        if metainfo.complete or not candidate.row.complete:
            return Torrent.from_metainfo(torrent, metainfo)
    get_storage().put(storage_key(candidate.infohash), candidate.torrent, replace=True)
    return candidate.row


def _fulfil_wishes(best: Iterable[Candidate], rows: dict[bytes, Torrent]) -> None:
    complete: list[Torrent] = []
    incomplete: list[Torrent] = []
    for one in best:
        is_complete = one.row.complete or rows[one.infohash].complete
        (complete if is_complete else incomplete).append(one.row)
    fulfil_wishes(complete, incomplete)
