"""The titles of tests/imdb (a few facts in IMDb's format), and their matches with torrents."""

from collections.abc import Iterable
from pathlib import Path

from archive.films.imdb_titles import (
    ListedTitle,
    parse_title_line,
    replace_titles,
)
from archive.films.match_titles import match_torrents

BASICS = Path(__file__).parent / "imdb" / "title.basics.tsv"


def all_lines() -> list[str]:
    return BASICS.read_text().splitlines(keepends=True)


def line_of(imdb_id: str) -> str:
    return next(line for line in all_lines() if line.startswith(f"{imdb_id}\t"))


def load_titles(titles: Iterable[ListedTitle] | None = None) -> int:
    """Replace the table by these titles, or else by those of the file; returns how many."""
    listed = [title for line in all_lines()[1:] if (title := parse_title_line(line))]
    return sum(replace_titles(listed if titles is None else titles))


def count_matched() -> int:
    """Match all torrents; returns how many links are new or changed."""
    return sum(batch.matched for batch in match_torrents())
