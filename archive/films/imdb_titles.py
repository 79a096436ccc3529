"""The table of titles: reads IMDb's list of films and series, and finds titles that torrents are compared with."""

import re
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from itertools import islice

from django.db import transaction
from django.db.models import Q

from archive.db.outages import outages
from archive.db.sql import chunks
from archive.models import Title, TitleList
from archive.naming.fold_letters import fold_letters
from archive.naming.search_words import split_folded

# title.basics.tsv.gz of https://developer.imdb.com/non-commercial-datasets/
HEADER = "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres"
_COLUMNS = 9
_IS_SERIES = {"movie": False, "tvMovie": False, "video": False, "tvSeries": True, "tvMiniSeries": True}
_IMDB_ID = re.compile(r"tt(\d{1,9})", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_BATCH = 5_000
_NAMES_PER_QUERY = 200  # SQLite folds a thousand conditions at most
_MAX_TITLE = 500  # characters
_MOVED_ARTICLE = re.compile(r"(.+), (the|a|an|le|la|les|der|die|das|el|los|las|il|lo|gli|i)", re.IGNORECASE)
_JOINERS = "\u200c\u200d"  # Persian and Hindi are spelled with these


@dataclass(frozen=True, slots=True)
class ListedTitle:
    """A film or series as IMDb's list names it. `original` is "" where the list has no original title."""

    imdb: int
    series: bool
    title: str
    original: str
    year: int


def parse_title_line(line: str) -> ListedTitle | None:
    """A line of title.basics.tsv; None for an episode, a short, a game, adult content, or a title without a year.

    Raises ValueError for a line that is not of this format.
    """
    fields = line.rstrip("\r\n").split("\t")
    if len(fields) != _COLUMNS:
        raise ValueError(f"{_COLUMNS} columns are expected, and here are {len(fields)}")
    imdb_id, title_type, title, original, adult, year = fields[:6]
    if title_type not in _IS_SERIES or year == "\\N" or adult == "1":
        return None
    number = _IMDB_ID.fullmatch(imdb_id)
    if not number or not _YEAR.fullmatch(year):
        raise ValueError(f"“{imdb_id[:20]}” should be tt and digits, and “{year[:20]}” a year")
    original = "" if original == "\\N" else original
    return ListedTitle(int(number[1]), _IS_SERIES[title_type], title, original, int(year))


def normalize_title(title: str) -> str:
    """A title in the form in which titles are compared.

    No accents, punctuation, letter case or apostrophes, which release names leave out; the article in front ("Matrix,
    The"); & is "and".
    """
    if moved := _MOVED_ARTICLE.fullmatch(title.strip()):
        title = f"{moved[2]} {moved[1]}"
    return " ".join(split_folded(fold_letters(title.replace("&", " and ")).replace("'", "")))


def printable_title(title: str) -> str:
    """A title as it may be stored and shown: at most 500 characters, each unprintable one replaced by a space.

    So it holds no control or direction signs, and nothing that a database refuses.
    """
    kept = title[:_MAX_TITLE].encode(errors="replace").decode()
    return "".join(letter if letter.isprintable() or letter in _JOINERS else " " for letter in kept)


def replace_titles(titles: Iterable[ListedTitle]) -> Generator[int, None, None]:
    """Make the table hold these titles and no others; yields after each batch how many titles it had.

    The titles of before stay until all are written, so that an interruption loses nothing. Raises Unavailable.
    """
    with outages():
        new_list = TitleList.objects.create()
        remaining = iter(titles)
        while batch := list(islice(remaining, _BATCH)):
            _write_batch(batch, new_list)
            yield len(batch)
        _remove_titles_of_other_lists(new_list)
        with transaction.atomic():
            TitleList.objects.exclude(pk=new_list.pk).delete()
            TitleList.objects.filter(pk=new_list.pk).update(whole=True)


def _write_batch(batch: list[ListedTitle], title_list: TitleList) -> None:
    rows = {listed.imdb: _title_row(listed, title_list.pk) for listed in batch}
    Title.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["imdb"],
        update_fields=["series", "title", "year", "plain", "plain_original", "list"],
    )


def _title_row(listed: ListedTitle, list_id: int) -> Title:
    normalized, original = normalize_title(listed.title), normalize_title(listed.original)
    return Title(
        imdb=listed.imdb,
        series=listed.series,
        title=printable_title(listed.title),
        year=listed.year,
        plain=normalized[:_MAX_TITLE],
        plain_original="" if original == normalized else original[:_MAX_TITLE],
        list=list_id,
    )


def _remove_titles_of_other_lists(title_list: TitleList) -> None:
    """In batches, each a short transaction, so that uploads do not wait long for the write lock."""
    others = Title.objects.exclude(list=title_list.pk)
    while batch := list(others.values_list("pk", flat=True)[:_BATCH]):
        Title.objects.filter(pk__in=batch).delete()


def find_titles(names: Iterable[str]) -> dict[str, list[Title]]:
    """For each of these normalized names, the titles that have it as their title or original title.

    A name without titles has an empty list; the empty name is left out.
    """
    distinct = sorted({name for name in names if name})
    found: dict[str, list[Title]] = {name: [] for name in distinct}
    for some in chunks(distinct, _NAMES_PER_QUERY):
        for row in Title.objects.filter(Q(plain__in=some) | Q(plain_original__in=some)):
            for name in {row.plain, row.plain_original} & found.keys():
                found[name].append(row)
    return found


def find_titles_starting_with(text: str, limit: int) -> list[int]:
    """The IMDb numbers of titles that begin with this text. Scans the table, which takes a part of a second."""
    if not (start := normalize_title(text)):
        return []
    matching = Title.objects.filter(Q(plain__startswith=start) | Q(plain_original__startswith=start))
    return list(matching.order_by("plain").values_list("pk", flat=True)[:limit])
