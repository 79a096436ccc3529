"""Reads whom to credit for the country database, where its licence asks for that."""

from pathlib import Path
from typing import NamedTuple

from django.conf import settings


class CountryCredit(NamedTuple):
    words: str
    url: str


def read_country_credit() -> CountryCredit | None:
    """What to show beside countries of peers; None if there is no file `.credit` beside COUNTRY_DB.

    The file holds the words, a space, and the address that they link to.
    """
    try:
        words, _, url = Path(settings.COUNTRY_DB).with_suffix(".credit").read_text().strip().rpartition(" ")
    except OSError:
        return None
    return CountryCredit(words, url)
