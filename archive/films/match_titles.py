"""Compares torrents with the table of titles by name and year. What somebody has said is never touched.

The rule. The name of a torrent that seems to hold a film or a series gives a title and a year. If exactly one film
(or series) has that title, as its title or its original title, and that year, the confidence is high. If none has,
and exactly one has that title and the year before or after, it is low: festivals and cinemas differ by one. Several
that fit are no match, nor is a name without a year, nor one that seems to hold several films.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, QuerySet

from archive.db.outages import outages
from archive.films.imdb_titles import find_titles, normalize_title
from archive.models import Confidence, Film, Title, TitleList, Torrent
from archive.naming.release_name import ReleaseName, parse_release_name
from archive.naming.search_words import kind_from_index_words
from metainfo.infohash import truncate_infohash

SOURCE = "titles of IMDb"
_BATCH = 1_000
_BACK = 5_000  # rows become visible in another order than that of their numbers where several write at once


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What one step brought: torrents looked at, matches made or changed, and withdrawn ones."""

    looked_at: int
    matched: int
    withdrawn: int


def count_unmatched() -> int | None:
    """About how many torrents were not compared yet; None where there are no titles. Raises Unavailable."""
    with outages():
        if (titles := _titles()) is None:
            return None
        last = Torrent.objects.aggregate(last=Max("pk"))["last"] or 0
        return max(0, int(last) - titles.matched)


def match_torrents() -> Iterator[BatchResult]:
    """Compare all that were not compared yet with the titles, the longest stored first. Raises Unavailable."""
    with outages():
        if (titles := _titles()) is None:
            return
        since = max(0, titles.matched - _BACK)
        rows = Torrent.objects.only("v1", "v2", "name", "words").order_by("pk")
        while page := list(rows.filter(pk__gt=since)[:_BATCH]):
            since = page[-1].pk
            yield _compare(page)
            TitleList.objects.filter(pk=titles.pk).update(matched=since)


def _titles() -> TitleList | None:
    return TitleList.objects.filter(whole=True).order_by("-pk").first()


def _compare(rows: list[Torrent]) -> BatchResult:
    releases = {row.infohash: release for row in rows if (release := _release(row))}
    known = find_titles(normalize_title(title) for release in releases.values() for title in release.titles)
    finds = {infohash: find for infohash, release in releases.items() if (find := _find(release, known))}
    earlier = _earlier(rows)
    free = [row for row in rows if not any(map(_decided, earlier[row.infohash]))]
    matched = _note(
        {truncate_infohash(row.infohash): finds[row.infohash] for row in free if row.infohash in finds}
    )
    lost = [film.pk for row in free if row.infohash not in finds for film in earlier[row.infohash]]
    withdrawn, _ = _own().filter(pk__in=lost).delete() if lost else (0, {})
    return BatchResult(len(rows), matched, withdrawn)


def _release(row: Torrent) -> ReleaseName | None:
    """What is worth comparing: films and series, by the kind that the index keeps."""
    if not kind_from_index_words(row.words).is_film_or_series:
        return None
    release = parse_release_name(row.name)
    return release if release.year and (release.series or not release.several) else None


def _find(release: ReleaseName, known: dict[str, list[Title]]) -> Film | None:
    """What is to be noted, but for the torrent."""
    named = [row for title in release.titles for row in known.get(normalize_title(title), ())]
    fits = {row.pk: row for row in named if row.series == release.series}.values()
    for confidence, off in ((Confidence.HIGH, 0), (Confidence.LOW, 1)):
        if near := [row for row in fits if abs(row.year - (release.year or 0)) == off]:
            [title, *others] = near
            said = {"source": SOURCE, "confidence": confidence}
            return None if others else Film(imdb=title.pk, title=title.title, year=title.year, **said)
    return None


def _earlier(rows: list[Torrent]) -> dict[bytes, list[Film]]:
    """What is noted of each of these torrents, under any of its infohashes."""
    shorts = {truncate_infohash(name) for row in rows for name in row.infohashes}
    films = {bytes(film.short): film for film in Film.objects.filter(short__in=shorts)}
    return {
        row.infohash: [film for name in row.infohashes if (film := films.get(truncate_infohash(name)))]
        for row in rows
    }


def _decided(film: Film) -> bool:
    """Whether somebody has said something, or undone what was found."""
    return film.undone or film.confidence == Confidence.TOLD


def _own() -> QuerySet[Film]:
    """What may be changed here, also if somebody has said something since a moment ago."""
    return Film.objects.filter(undone=False).exclude(confidence=Confidence.TOLD)


def _note(finds: dict[bytes, Film]) -> int:
    """How many of these are news."""
    had = {bytes(film.short): film for film in Film.objects.filter(short__in=list(finds))}
    new = []
    for name, film in finds.items():
        film.short = name
        if name not in had:
            new.append(film)
    changed = [film for name, film in finds.items() if name in had and _said(film) != _said(had[name])]
    Film.objects.bulk_create(new, ignore_conflicts=True)
    for film in changed:
        _own().filter(short=film.short).update(**_said(film))
    return len(new) + len(changed)


def _said(film: Film) -> dict[str, Any]:
    return {name: getattr(film, name) for name in ("imdb", "title", "year", "source", "confidence")}
