"""Finds the parts of a name that are also written otherwise, and gives the words of the other spelling.

    Grey's, Grey.s      greys           Sonarr leaves apostrophes out, and release names make dots of them
    Chicago.P.D.        pd              Sonarr leaves the dots out
    9-1-1               911
    1x05, S01E05-E06    s01 s01e05 …    see `episode_marks`

The words of both spellings are in the index, and a search for the one or the other finds them.
"""

import re
from typing import NamedTuple

from archive.naming.episode_marks import EpisodeMark, find_episode_marks, guess_episodes
from archive.naming.fold_letters import SPACED_SIGN

_MAX_NAME = 2_000  # characters that are looked at
_JOINED = re.compile(
    r"(?<![^ &-])(?:[^ '&-]+(?:'[^ '&-]+)+"  # grey's
    r"|[^\W\d](?:[ &-][^\W\d])+(?![^ &-])"  # p d, of at least two letters
    r"|\d(?:[ -]\d){2,}(?![^ &-])"  # 9 1 1, of at least three digits
    r"|[^\W\d]{2,} (?:s|t|d|m|re|ll|ve)(?![^ &-])(?!.[^\W\d](?![^ &-])))"  # grey s, if no more letters follow
)
_SIGNS = str.maketrans("", "", "' &-")


class OtherSpelling(NamedTuple):
    """The words that also mean the part of a folded text from `start` to `end`."""

    start: int
    end: int
    words: tuple[str, ...]


class IndexWords(NamedTuple):
    """Words that the index has beside those of a name itself."""

    other_spellings: list[str]
    guesses: list[str]
    """What may be the season and episode, where the name names none clearly."""


def find_other_spellings(folded: str) -> list[OtherSpelling]:
    """The parts of a text after `fold_letters` that have another spelling, in their order, without overlap."""
    return _add_joined(folded, find_episode_marks(folded))


def find_index_words(folded: str) -> IndexWords:
    """The words of all other spellings of the parts of a folded name."""
    marks = find_episode_marks(folded)
    guesses = [] if marks else guess_episodes(folded)
    return IndexWords(
        [word for spelling in _add_joined(folded, marks) for word in spelling.words],
        [word for guess in guesses for word in guess.words],
    )


def _add_joined(folded: str, marks: list[EpisodeMark]) -> list[OtherSpelling]:
    spellings = [OtherSpelling(*mark) for mark in marks]
    for match in _JOINED.finditer(folded, 0, _MAX_NAME):
        overlaps = any(mark.start < match.end() and match.start() < mark.end for mark in marks)
        if not overlaps and not SPACED_SIGN.search(match[0]):
            spellings.append(OtherSpelling(match.start(), match.end(), (match[0].translate(_SIGNS),)))
    return sorted(spellings)
