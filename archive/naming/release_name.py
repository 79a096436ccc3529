"""Parses the name of a release ("The.Matrix.1999.1080p") into title, year, and whether it is a series.

A name may be wrong or misread, so the result is a hint.
"""

import re
from dataclasses import dataclass

from PTT import parse_title

from archive.naming.episode_marks import find_episode_marks
from archive.naming.fold_letters import fold_letters

_MAX_LENGTH = (
    200  # characters; the parser's patterns take 30 ms at worst for so many, and 0.7 ms for a usual name
)
_LONG_NUMBER = re.compile(
    r"\d{6,}"
)  # of "(999999999 of 2)" the parser would make a list of all those episodes
_YEAR_RANGE = re.compile(r"(?:19|20)\d\d\s*(?:-|–|\.\.)\s*(?:19|20)\d\d")
_ALIAS = re.compile(r"\s+(?:aka|a k a|a\.k\.a\.?)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReleaseName:
    """What a name says.

    `titles`: all titles of the one film or series ("One AKA Other"). `several`: it seems to hold several films.
    """

    titles: tuple[str, ...]
    year: int | None
    series: bool
    several: bool

    @property
    def title(self) -> str:
        """The first title, "" where the name gives none."""
        return self.titles[0] if self.titles else ""


def parse_release_name(name: str) -> ReleaseName:
    """What this name says; any text will do. What it does not say is empty, None or False."""
    parsed = parse_title(_LONG_NUMBER.sub(" ", name[:_MAX_LENGTH]))
    series = bool(parsed.get("seasons") or parsed.get("episodes")) or _names_episode(name)
    several = bool(parsed.get("complete")) or bool(_YEAR_RANGE.search(name[:_MAX_LENGTH]))
    titles = tuple(filter(None, map(str.strip, _ALIAS.split(parsed.get("title", "")))))
    return ReleaseName(titles, parsed.get("year"), series, several)


def _names_episode(name: str) -> bool:
    """Whether this is the name of an episode in a spelling that the parser does not know, such as "2012x03"."""
    return any("e" in mark.words[-1] for mark in find_episode_marks(fold_letters(name[:_MAX_LENGTH])))
