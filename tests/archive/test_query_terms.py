"""What a search asks the index for: every spelling, and a bounded number of words."""

import unicodedata

import pytest

from archive.naming.fold_letters import fold_letters
from archive.naming.query_terms import parse_terms
from archive.naming.search_words import split_words

# From Latin-ASCII of Unicode's CLDR: what has no decomposition.
LATIN_ASCII = """
    Æae Ðd Øo Þth ßss æae ðd øo þth Đd đd Ħh ħh ıi ĸq Łl łl Ŋn ŋn Œoe œoe Ŧt ŧt ƀb Ɓb Ƈc Ɗd Ɛe Ƒf Ɠg Ɨi Ƙk ƚl Ɲn Ƥp ƭt
    Ʋv Ƴy Ƶz ǥg ȡd ȷj Ⱥa ȼc Ƚl Ⱦt Ƀb ɇe ɉj ɍr ɏy ɓb ɖd ɗd ɛe ɠg ɦh ɨi ɫl ɲn ʂs ʐz ᶁd ẞss ⱡl ⱪk ꝁk ꝉl
"""


@pytest.mark.parametrize("pair", LATIN_ASCII.split())
def test_letters_without_decomposition_are_folded_as_unicodes_cldr_says(pair: str) -> None:
    assert fold_letters(pair[0]) == pair[1:]


def test_vowel_signs_of_arabic_and_hebrew_are_left_out_and_those_of_india_are_not() -> None:
    """The combining classes are those of UnicodeData.txt."""
    for mark in "\u064b\u064e\u0651\u0652\u0670\u05b0\u05b7\u05c1\u0301":
        assert unicodedata.combining(mark) > 9
        assert fold_letters(f"a{mark}b") == "ab"
    for mark in "\u093f\u094d\u0e31\u0e48\u1031":
        assert fold_letters(f"a{mark}") != "a"


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Fast Furious", [(("fast",),), (("furious",),)]),
        ("fast and furious", [(("fast",),), (("furious",),)]),
        ("and", [(("and",),)]),
        ("grey's", [(("grey", "s"), ("greys",))]),
        ("1x05", [(("1x05",), ("s01e05",))]),
        ("season 1", [(("season", "1"), ("s01",))]),
        ("s01e05", [(("s01e05",),)]),
        ("S01E01-E09", [(("s01e01", "e09"), ("s01e01", "s01e09"))]),
        ("20261120", [(("20261120",), ("2026", "11", "20"))]),
        ("05", [(("05",), ("005",))]),  # Sonarr asks for an absolute number in at least two digits
        ("s2026", [(("s2026",), ("2026",))]),
        ("!", []),
    ],
)
def test_a_term_has_the_words_of_each_spelling(text: str, terms: list[object]) -> None:
    assert parse_terms(text) == terms


@pytest.mark.parametrize(
    "text",
    [
        "s01e01-e9999 " * 500,
        "a b " * 900,
        "x's " * 900,
        "1x01-2x02 " * 900,
        "ไทย" * 900,
        "season 1 " * 300,
        "a'" * 900,
    ],
)
@pytest.mark.timeout(5)
def test_the_words_of_a_search_are_bounded(text: str) -> None:
    terms = parse_terms(text)
    assert sum(len(alternative) for term in terms for alternative in term) <= 80


def test_words_that_are_asked_are_words_of_the_name() -> None:
    """One of the alternatives is always what the name itself has."""
    for name in ("Grey's.Anatomy.S01E01", "ภาพยนตร์ไทย", "Łódź & Ærø", "M*A*S*H 9-1-1 1x05"):
        own = set(split_words(name))
        assert all(any(own.issuperset(alternative) for alternative in term) for term in parse_terms(name))
