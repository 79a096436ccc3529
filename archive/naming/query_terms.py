"""Makes the terms of a search: what a query's text asks for, word by word, in every spelling.

    "Grey's Anatomy 1x05"  ──►  (grey AND s, OR greys)  AND  anatomy  AND  (1x05, OR s01e05)

The number of words to look up is bounded, however long the text.
"""

import re
from collections.abc import Iterable, Iterator

from archive.naming.fold_letters import fold_letters
from archive.naming.other_spellings import OtherSpelling, find_other_spellings
from archive.naming.search_words import split_folded

Term = tuple[tuple[str, ...], ...]
"""One of these alternatives must be there, with all of its words."""

MAX_QUERY_LENGTH = 2_000  # characters
_MAX_WORDS = 20  # of the text itself; each term has at most one more alternative, of three words
_DAY = re.compile(r"(?<!\w)((?:19|20)\d\d)[ -]?(0[1-9]|1[0-2])[ -]?([0-2]\d|3[01])(?!\w)")
_SHORT_NUMBER = re.compile(r"[0-9]{2,3}")
_YEAR_SEASON = re.compile(r"s(?:19|20)\d\d")
_LEFT_OUT = "and"  # names have & or + for it, or nothing


def parse_terms(text: str) -> list[Term]:
    """The terms that must all hold; none for a text without letters and digits.

    "and" is not asked for, unless it is the only word. Nor are & and +, which are no words.
    """
    terms: dict[Term, None] = {}
    room = _MAX_WORDS
    for part, other in _split_at_spellings(fold_letters(text[:MAX_QUERY_LENGTH])):
        words = list(dict.fromkeys(split_folded(part)))[:room]
        room -= len(words)
        if other and words:
            terms[tuple(dict.fromkeys((tuple(words), _bounded_words(other))))] = None
        else:
            terms |= dict.fromkeys(map(_term_of_word, words))
    asked = [term for term in terms if term != ((_LEFT_OUT,),)]
    return asked or list(terms)


def _term_of_word(word: str) -> Term:
    """The word; a number of two or three digits also with a zero before it, as long series count their episodes."""
    return ((word,), (f"0{word}",)) if _SHORT_NUMBER.fullmatch(word) else ((word,),)


def _bounded_words(other: OtherSpelling) -> tuple[str, ...]:
    """At most three words of another spelling: of many episodes the first and the last, without their season."""
    season, *episodes = other.words
    if _YEAR_SEASON.fullmatch(season) and not episodes:
        return (season[1:],)  # Sonarr asks so for the episodes of a year, which are named by their days
    words = episodes if episodes and episodes[0].startswith(f"{season}e") else other.words
    return tuple(words if len(words) <= 3 else (words[0], words[-1]))


def any_word(words: Iterable[str]) -> Term:
    """The term that holds where one of these words is."""
    return tuple((word,) for word in words)


def match_terms(terms: Iterable[Term], words: frozenset[str] | set[str]) -> bool:
    """Whether all these terms hold for a torrent with these words."""
    return all(any(words.issuperset(alternative) for alternative in term) for term in terms)


def _split_at_spellings(folded: str) -> Iterator[tuple[str, OtherSpelling | None]]:
    """The parts of a text in their order, those that have another spelling together with it."""
    days = [
        OtherSpelling(*match.span(), match.groups() if match[0].isdigit() else ("".join(match.groups()),))
        for match in _DAY.finditer(folded)
    ]
    others = [
        one
        for one in find_other_spellings(folded)
        if not any(day.start < one.end and one.start < day.end for day in days)
    ]
    end = 0
    for other in sorted(days + others):
        yield folded[end : other.start], None
        yield folded[other.start : other.end], other
        end = other.end
    yield folded[end:], None
