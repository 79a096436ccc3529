"""What the name of a torrent says of the film or series in it, as releases are named. No promise."""

import re
from dataclasses import dataclass

from PTT import parse_title

_LONGEST = (
    200  # characters; the parser's patterns take 30 ms at worst for so many, and 0.7 ms for a usual name
)
_ENDLESS = re.compile(r"\d{6,}")  # of "(999999999 of 2)" the parser would make a list of all those episodes
_YEARS = re.compile(r"(?:19|20)\d\d\s*(?:-|–|\.\.)\s*(?:19|20)\d\d")
_ALIAS = re.compile(r"\s+(?:aka|a k a|a\.k\.a\.?)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReleaseName:
    """`titles`: the several names that it gives for one thing. `several`: it seems to hold more than one film."""

    titles: tuple[str, ...]
    year: int | None
    series: bool
    several: bool

    @property
    def title(self) -> str:
        return self.titles[0] if self.titles else ""


def parse_release_name(name: str) -> ReleaseName:
    """As far as the name tells."""
    found = parse_title(_ENDLESS.sub(" ", name[:_LONGEST]))
    series = bool(found.get("seasons") or found.get("episodes"))
    several = bool(found.get("complete")) or bool(_YEARS.search(name[:_LONGEST]))
    titles = tuple(filter(None, map(str.strip, _ALIAS.split(found.get("title", "")))))
    return ReleaseName(titles, found.get("year"), series, several)
