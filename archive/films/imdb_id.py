"""Parses and formats ids of films and series at IMDb ("tt0133093"); the index keeps them as numbers."""

import re

from archive.errors import NotAnImdbId

_IMDB_ID = re.compile(r"tt(\d{7,9})", re.ASCII)


def parse_imdb_id(imdb_id: str) -> int:
    """The number in `tt` and seven to nine digits. Raises NotAnImdbId."""
    if not (match := _IMDB_ID.fullmatch(imdb_id)) or int(match[1]) >= 2**31:
        raise NotAnImdbId("An IMDb id is tt and seven to nine digits.")
    return int(match[1])


def format_imdb_id(number: int) -> str:
    """`tt` and at least seven digits."""
    return f"tt{number:07d}"
