"""Matches torrents with the titles of IMDb by name and year, and writes the links. What a person said is not changed.

The rule. The name of a torrent that seems to be a film or a series gives a title and a year.

    exactly one film (or series) has that title, as its title or original title, and that year     HIGH
    none has, and exactly one has that title and the year before or after                          LOW
    several fit; the name has no year, or seems to hold several films                               no link

LOW exists because festivals and cinemas differ by a year.

A run goes on from the last torrent that was compared with the newest list of titles, so a new list has all torrents
compared again. What the rule then no longer finds is withdrawn.
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
_OVERLAP = 5_000  # where several processes write at once, rows become visible in another order than that of their ids


@dataclass(frozen=True, slots=True)
class MatchedBatch:
    """What one batch brought: torrents compared, links made or changed, and links withdrawn."""

    compared: int
    matched: int
    withdrawn: int


def count_unmatched() -> int | None:
    """About how many torrents were not compared yet; None where there are no titles. Raises Unavailable."""
    with outages():
        if (titles := _newest_list()) is None:
            return None
        last = Torrent.objects.aggregate(last=Max("pk"))["last"] or 0
        return max(0, int(last) - titles.matched)


def match_torrents() -> Iterator[MatchedBatch]:
    """Compare all torrents that were not compared yet, the longest stored first. Raises Unavailable."""
    with outages():
        if (titles := _newest_list()) is None:
            return
        compared_up_to = max(0, titles.matched - _OVERLAP)
        rows = Torrent.objects.only("v1", "v2", "name", "words").order_by("pk")
        while batch := list(rows.filter(pk__gt=compared_up_to)[:_BATCH]):
            compared_up_to = batch[-1].pk
            yield _match_batch(batch)
            TitleList.objects.filter(pk=titles.pk).update(matched=compared_up_to)


def _newest_list() -> TitleList | None:
    return TitleList.objects.filter(whole=True).order_by("-pk").first()


def _match_batch(rows: list[Torrent]) -> MatchedBatch:
    releases = {row.infohash: release for row in rows if (release := _parse_release(row))}
    titles = find_titles(normalize_title(title) for release in releases.values() for title in release.titles)
    links = {
        infohash: link for infohash, release in releases.items() if (link := _choose_title(release, titles))
    }
    existing = _existing_links(rows)
    open_rows = [row for row in rows if not any(map(_is_decided_by_person, existing[row.infohash]))]
    matched = _write_links(
        {truncate_infohash(row.infohash): links[row.infohash] for row in open_rows if row.infohash in links}
    )
    stale = [link.pk for row in open_rows if row.infohash not in links for link in existing[row.infohash]]
    withdrawn, _ = _found_by_title().filter(pk__in=stale).delete() if stale else (0, {})
    return MatchedBatch(len(rows), matched, withdrawn)


def _parse_release(row: Torrent) -> ReleaseName | None:
    """The name of a torrent that the rule applies to: a film or series by its kind in the index, with a year."""
    if not kind_from_index_words(row.words).is_film_or_series:
        return None
    release = parse_release_name(row.name)
    return release if release.year and (release.series or not release.several) else None


def _choose_title(release: ReleaseName, titles: dict[str, list[Title]]) -> Film | None:
    """The link to the one title that fits this name by the rule, without an infohash; None if none does."""
    same_name = [row for title in release.titles for row in titles.get(normalize_title(title), ())]
    candidates = {row.pk: row for row in same_name if row.series == release.series}.values()
    for confidence, years_off in ((Confidence.HIGH, 0), (Confidence.LOW, 1)):
        if fitting := [row for row in candidates if abs(row.year - (release.year or 0)) == years_off]:
            [title, *others] = fitting
            if others:
                return None
            return Film(
                imdb=title.pk, title=title.title, year=title.year, source=SOURCE, confidence=confidence
            )
    return None


def _existing_links(rows: list[Torrent]) -> dict[bytes, list[Film]]:
    """By the infohash that a torrent is stored under, its links under any of its infohashes."""
    shorts = {truncate_infohash(infohash) for row in rows for infohash in row.infohashes}
    links = {bytes(link.short): link for link in Film.objects.filter(short__in=shorts)}
    return {
        row.infohash: [
            link for infohash in row.infohashes if (link := links.get(truncate_infohash(infohash)))
        ]
        for row in rows
    }


def _is_decided_by_person(link: Film) -> bool:
    return link.undone or link.confidence == Confidence.STATED


def _found_by_title() -> QuerySet[Film]:
    """The links that may be changed here. As a condition of each write it also heeds what was said a moment ago."""
    return Film.objects.filter(undone=False).exclude(confidence=Confidence.STATED)


def _write_links(links: dict[bytes, Film]) -> int:
    """Write the links of these truncated infohashes; returns how many are new or changed."""
    existing = {bytes(link.short): link for link in Film.objects.filter(short__in=list(links))}
    new = []
    for short, link in links.items():
        link.short = short
        if short not in existing:
            new.append(link)
    changed = [
        link
        for short, link in links.items()
        if short in existing and _link_values(link) != _link_values(existing[short])
    ]
    Film.objects.bulk_create(new, ignore_conflicts=True)
    for link in changed:
        _found_by_title().filter(short=link.short).update(**_link_values(link))
    return len(new) + len(changed)


def _link_values(link: Film) -> dict[str, Any]:
    return {field: getattr(link, field) for field in ("imdb", "title", "year", "source", "confidence")}
