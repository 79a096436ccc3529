"""The one way in. Every door, every command and every resolved torrent comes through here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from archive import metainfo
from archive.errors import PrivateTorrent, Refusal, TakenDown, Unavailable, word
from archive.infohash import spell
from archive.meter import deposits
from archive.models import Torrent, Tracker
from archive.outage import outages
from archive.pen import pen
from archive.takedown import blocked, purge
from archive.together import Together
from archive.unpack import unpack
from archive.vault import key, sound, vault
from archive.wanted import met

_KNOWN = "SELECT coalesce(v1, v2) FROM archive_torrent WHERE v1 IN ({0}) OR v1 IS NULL AND v2 IN ({0})"
_COLUMNS = ("v1", "v2", "name", "size", "files", "length", "digest", "complete", "words")
_INSERT = f"INSERT INTO archive_torrent ({', '.join(_COLUMNS)}) VALUES "  # noqa: S608
_VALUES = f"({', '.join(['%s'] * len(_COLUMNS))})"
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


@dataclass(frozen=True, slots=True)
class _Entry:
    """A candidate whose bytes lie in the storage, and the row for them: the index's, or one that it lacks."""

    candidate: _Candidate
    row: Torrent


def deposit(torrent: bytes, *, door: str = "program") -> Receipt:
    """Keep a torrent for good: when this returns, it is on the disk and in the index.

    `door`: where it came in, a word for the figures.
    The bytes may be packed (gzip, bzip2). A torrent that is held already is a success and changes nothing, but
    for two things: a full file replaces one without its piece layers, and trackers unheard of are noted.
    Raises a Refusal: EmptyTorrent, TooLarge, NotATorrent, PrivateTorrent, TakenDown, Unavailable.
    """
    one = _understand(torrent)
    outcome = _settled(one) if isinstance(one, _Candidate) else one
    deposits.labels(door, _word(outcome)).inc()
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def deposit_many(torrents: Iterable[bytes], *, door: str = "program") -> list[Receipt | Refusal]:
    """As deposit, for each of a batch that fits in memory; one transaction takes them all."""
    understood = [_understand(torrent) for torrent in torrents]
    candidates = [one for one in understood if isinstance(one, _Candidate)]
    try:
        settled: Iterable[Receipt | Refusal] = _settle(candidates) if candidates else []
    except Unavailable as unavailable:
        settled = [unavailable] * len(candidates)
    results = iter(settled)
    outcomes = [next(results) if isinstance(one, _Candidate) else one for one in understood]
    for outcome in outcomes:
        deposits.labels(door, _word(outcome)).inc()
    return outcomes


def _word(outcome: Receipt | Refusal) -> str:
    if isinstance(outcome, Refusal):
        return word(type(outcome))
    return "new" if outcome.new else "held"


def _understand(torrent: bytes) -> _Candidate | Refusal:
    try:
        torrent = unpack(torrent, settings.MAX_TORRENT_BYTES)
        meta = metainfo.parse(torrent, settings.MAX_TORRENT_BYTES)
    except Refusal as refusal:
        return refusal
    if meta.private and settings.PRIVATE_TORRENTS == "refuse":
        return PrivateTorrent(
            "This torrent is private (BEP 27): its announce URL holds its uploader's passkey."
        )
    return _Candidate(torrent, Torrent.of(torrent, meta), meta.trackers, meta.infohash)


def _settled(candidate: _Candidate) -> Receipt | Refusal:
    """With all that come at once, where that saves work; over a network one that is slow would keep the others."""
    try:
        return _settle_together(candidate) if vault().local else _settle([candidate])[0]
    except Unavailable as unavailable:
        return unavailable


def _settle(candidates: Sequence[_Candidate]) -> list[Receipt | Refusal]:
    """One outcome a candidate: refused as blocked, stored, held already, or held but now complete."""
    with outages():
        refused = _refused(candidates)
        purge(refused)  # what an earlier try put there before the takedown came, and then broke off
        chosen = _best_of_each([one for one in candidates if one.infohash not in refused])
        entries = _store(chosen)
        new = _record(entry.row for entry in entries if entry.row.pk is None)
        refused |= _overtaken(entries)
        _tell([entry for entry in entries if entry.row.infohash not in refused])
    return [
        TakenDown(refused[one.infohash])
        if one.infohash in refused
        else Receipt(spell(one.infohash), new=one.infohash in new and chosen[one.infohash] is one)
        for one in candidates
    ]


def _settle_strangers(candidates: Sequence[_Candidate]) -> list[Receipt | Refusal]:
    """As _settle; but another copy of what came at the same time is met as if it had come later."""
    outcomes, best = _settle(candidates), _best_of_each(candidates)
    for place, one in enumerate(candidates):
        if one.row.digest != best[one.infohash].row.digest:
            [outcomes[place]] = _settle([one])
    return outcomes


_settle_together = Together(_settle_strangers)


def _store(chosen: dict[bytes, _Candidate]) -> list[_Entry]:
    """Objects first, rows second: a crash in between leaves an object that scrub or the next deposit indexes."""
    known = _known(chosen)
    held = {row.infohash: row for row in Torrent.objects.stored_under(known)} if known else {}
    fresh = {key(infohash): one for infohash, one in chosen.items() if infohash not in held}
    new = vault().put_all({name: one.torrent for name, one in fresh.items()}) if fresh else ()
    entries = [_Entry(one, one.row) if name in new else _found(one) for name, one in fresh.items()]
    for infohash, row in held.items():
        _meet_again(row, chosen[infohash])
        entries.append(_Entry(chosen[infohash], row))
    return entries


def _overtaken(entries: Sequence[_Entry]) -> dict[bytes, str]:
    """A takedown may have come since the first look: whoever comes second cleans up.

    The reasons of such takedowns, by the infohash that the torrent would be stored under.
    """
    overtaken = _refused([entry.candidate for entry in entries])
    purge(overtaken)
    return overtaken


def _tell(entries: Sequence[_Entry]) -> None:
    """Those who wished for them."""
    complete: list[Torrent] = []
    incomplete: list[Torrent] = []
    for entry in entries:
        whole = entry.row.complete or entry.candidate.row.complete
        (complete if whole else incomplete).append(entry.candidate.row)
    met(complete, incomplete)


def _refused(candidates: Sequence[_Candidate]) -> dict[bytes, str]:
    """The reasons, by the infohash that the candidate would be stored under."""
    reasons = blocked(infohash for one in candidates for infohash in one.row.infohashes)
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


def _found(candidate: _Candidate) -> _Entry:
    """There are bytes under its name, and no row. If they are sound, those are the first stored."""
    if earlier := sound(candidate.infohash):
        torrent, meta = earlier
        if meta.complete or not candidate.row.complete:
            return _Entry(candidate, Torrent.of(torrent, meta))
    vault().put(key(candidate.infohash), candidate.torrent, replace=True)
    return _Entry(candidate, candidate.row)


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
    with pen(), connection.cursor() as cursor:
        for start in range(0, len(rows), _PER_STATEMENT):
            some = rows[start : start + _PER_STATEMENT]
            values = [getattr(row, column) for row in some for column in _COLUMNS]
            cursor.execute(_INSERT + ", ".join([_VALUES] * len(some)), values)


def _meet_again(held: Torrent, candidate: _Candidate) -> None:
    """A copy of what is held. It replaces bytes that are lost or lack their piece layers; else trackers count."""
    if held.digest == candidate.row.digest:
        vault().put(key(held.infohash), candidate.torrent)  # nothing, unless the bytes have been lost
        return
    stored = sound(held.infohash)
    completes = candidate.row.complete and not held.complete and held.v2 == candidate.row.v2
    if stored is None or completes:
        vault().put(key(held.infohash), candidate.torrent, replace=True)
        changed = {column: getattr(candidate.row, column) for column in ("length", "digest", "complete")}
        Torrent.objects.filter(pk=held.pk).update(**changed)
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
