"""The table of titles: films and series as IMDb lists them, for torrents to be compared with."""

import re
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from itertools import islice

from django.db import transaction
from django.db.models import Q

from archive.db.outages import outages
from archive.models import Title, TitleList
from archive.naming.search_words import split_words

# title.basics.tsv.gz of https://developer.imdb.com/non-commercial-datasets/
HEADER = "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres"
_COLUMNS = 9
_SERIES = {"movie": False, "tvMovie": False, "video": False, "tvSeries": True, "tvMiniSeries": True}
_NUMBER = re.compile(r"tt(\d{1,9})", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_BATCH = 5_000
_PER_QUERY = 200  # SQLite folds a thousand conditions at most
_LAST = re.compile(r"(.+), (the|a|an|le|la|les|der|die|das|el|los|las|il|lo|gli|i)", re.IGNORECASE)
_JOINERS = "\u200c\u200d"  # Persian and Hindi are spelled with these
_APOSTROPHES = str.maketrans("", "", "'’‘`´")  # release names leave them out


@dataclass(frozen=True, slots=True)
class ListedTitle:
    """A title as a list names it."""

    imdb: int
    series: bool
    title: str
    original: str
    year: int


def parse_title_line(line: str) -> ListedTitle | None:
    """A line of the file; None for what no torrent is compared with: an episode, a game, a title without a year.

    Raises ValueError for a line that is none of this format.
    """
    fields = line.rstrip("\r\n").split("\t")
    if len(fields) != _COLUMNS:
        raise ValueError(f"{_COLUMNS} columns are expected, and here are {len(fields)}")
    imdb, kind, title, original, adult, year = fields[:6]
    if kind not in _SERIES or year == "\\N" or adult == "1":
        return None
    number = _NUMBER.fullmatch(imdb)
    if not number or not _YEAR.fullmatch(year):
        raise ValueError(f"“{imdb[:20]}” should be tt and digits, and “{year[:20]}” a year")
    return ListedTitle(int(number[1]), _SERIES[kind], title, "" if original == "\\N" else original, int(year))


def normalize_title(title: str) -> str:
    """A title as it is compared: no accents, signs, letter case and apostrophes, the article in front, & is and."""
    if moved := _LAST.fullmatch(title.strip()):
        title = f"{moved[2]} {moved[1]}"
    return " ".join(split_words(title.replace("&", " and ").translate(_APOSTROPHES)))


def printable_title(title: str) -> str:
    """As it may be kept and shown: not too long, and without what acts and is not seen, or no database can hold."""
    kept = title[:500].encode(errors="replace").decode()
    return "".join(letter if letter.isprintable() or letter in _JOINERS else " " for letter in kept)


def replace_titles(titles: Iterable[ListedTitle]) -> Generator[int, None, None]:
    """Make the table hold these and no others; how many of them are in, again and again until all are.

    Until the end what was there before stays too, so that an interruption loses nothing. Raises Unavailable.
    """
    with outages():
        this = TitleList.objects.create()
        todo = iter(titles)
        while batch := list(islice(todo, _BATCH)):
            _write(batch, this)
            yield len(batch)
        _remove_others(this)
        with transaction.atomic():
            TitleList.objects.exclude(pk=this.pk).delete()
            TitleList.objects.filter(pk=this.pk).update(whole=True)


def _write(batch: list[ListedTitle], this: TitleList) -> None:
    rows = {one.imdb: _row(one, this.pk) for one in batch}
    Title.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["imdb"],
        update_fields=["series", "title", "year", "plain", "plain_original", "list"],
    )


def _row(one: ListedTitle, number: int) -> Title:
    compared, original = normalize_title(one.title), normalize_title(one.original)
    return Title(
        imdb=one.imdb,
        series=one.series,
        title=printable_title(one.title),
        year=one.year,
        plain=compared[:500],
        plain_original="" if original == compared else original[:500],
        list=number,
    )


def _remove_others(this: TitleList) -> None:
    """In steps, as whoever stores a torrent meanwhile must not wait for it."""
    others = Title.objects.exclude(list=this.pk)
    while some := list(others.values_list("pk", flat=True)[:_BATCH]):
        Title.objects.filter(pk__in=some).delete()


def find_titles(names: Iterable[str]) -> dict[str, list[Title]]:
    """The titles that are compared under each of these plain names, whether as title or original title."""
    asked = sorted({name for name in names if name})
    found: dict[str, list[Title]] = {name: [] for name in asked}
    for start in range(0, len(asked), _PER_QUERY):
        some = asked[start : start + _PER_QUERY]
        for row in Title.objects.filter(Q(plain__in=some) | Q(plain_original__in=some)):
            for name in {row.plain, row.plain_original} & found.keys():
                found[name].append(row)
    return found


def find_titles_starting_with(text: str, most: int) -> list[int]:
    """The numbers of titles that begin so. A look at all of them, which takes a part of a second."""
    if not (start := normalize_title(text)):
        return []
    fit = Title.objects.filter(Q(plain__startswith=start) | Q(plain_original__startswith=start))
    return list(fit.order_by("plain").values_list("pk", flat=True)[:most])
