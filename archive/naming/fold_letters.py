"""Folds letters to one spelling: no letter case, no accents, no vowel signs, the digits 0 to 9 alone.

"Łódź" and "LODZ" are both "lodz". What Unicode decomposes (é, ü, full width) is taken apart by NFKD. The letters that
it does not decompose (ł, ø, æ) follow the transform Latin-ASCII of Unicode's CLDR. Arabic letters follow the usual
normalization of search engines: alef maqsura and Persian yeh are yeh, Persian kaf is kaf, teh marbuta is heh.
"""

import re
import unicodedata

_APOSTROPHES = "'’‘‛`´′ʼʻʹʽˈꞌ՚׳ߴ\u1fbd\u1fbf\u1fef\u1ffd\u1ffe"
_DASHES = "-‐‑‒–—―−~～〜\u301c"  # between the first and the last of a range
_LIST_SIGNS = "&+,"  # between the members of a list
_SIGNS = (
    dict.fromkeys(map(ord, _APOSTROPHES), "'")
    | dict.fromkeys(map(ord, _DASHES), "-")
    | dict.fromkeys(map(ord, _LIST_SIGNS), "&")
    | {ord("×"): "x", 0xAD: "'", 0x200C: "'", 0x200D: "'"}  # soft hyphen and joiners: the word goes on
)
_NOT_DECOMPOSED = {
    "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ŋ": "n", "ı": "i", "ȷ": "j", "ĸ": "q", "ɛ": "e", "ɔ": "o", "ə": "e",
    "ɖ": "d", "ꝛ": "r", "ґ": "г", "ө": "о", "ү": "у", "ұ": "у", "ʾ": "", "ʿ": "", "ـ": "",
    "ى": "ي", "ی": "ي", "ے": "ي", "ک": "ك", "ة": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ٱ": "ا",
}  # fmt: skip
_WITH = re.compile(
    r"((?:LATIN|CYRILLIC) (?:SMALL|CAPITAL) LETTER \w{1,5}) WITH .+"
)  # of the names of letters
SPACED_SIGN = re.compile(  # Chinese and Japanese: no spaces are written, and a sign is nearly a word
    r"[\u2e80-\u303f\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
# The scripts of South-East Asia, which Unicode's LineBreak.txt has in class SA: no spaces, few letters.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\ua9e0-\ua9ff\uaa60-\uaadf"
    r"\U00011700-\U0001174f]+"
)


class _Folded(dict[int, str]):
    """For str.translate: each character after NFKD, folded. Filled on demand, one character at a time."""

    def __missing__(self, code: int) -> str:
        self[code] = _SIGNS.get(code) or _fold_character(chr(code))
        return self[code]


def _fold_character(character: str) -> str:
    if _is_accent(character):
        return ""
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category[0] not in "LNM":
        return " "
    if SPACED_SIGN.match(character):
        return f" {character} "
    return _NOT_DECOMPOSED.get(character, _without_stroke(character))


def _is_accent(character: str) -> bool:
    """Whether this is a mark that may be left out: an accent, a vowel sign of Arabic or Hebrew, a variation selector.

    The canonical combining classes 10 to 36 are those vowel signs, and those from 200 stand above or below a letter.
    The vowels of India and South-East Asia have other classes, and stay.
    """
    in_ranges = "\u0300" <= character <= "\u036f" or "\ufe00" <= character <= "\ufe0f"
    combining = unicodedata.combining(character)
    return in_ranges or 10 <= combining <= 36 or combining >= 200


def _without_stroke(letter: str) -> str:
    """The letter that this one is by its name, "LATIN SMALL LETTER L WITH STROKE"; else itself."""
    if base := _WITH.fullmatch(unicodedata.name(letter, "")):
        try:
            plain = unicodedata.lookup(base[1]).casefold()
        except KeyError:
            return letter
        return _NOT_DECOMPOSED.get(plain, plain)
    return letter


_FOLDED = _Folded()


def fold_letters(text: str) -> str:
    """The text in folded letters and digits, with single spaces for all else, except for three signs.

    The signs are the apostrophe ', the hyphen - of a range, and the & of a list, in whatever shape they came. Chinese
    and Japanese signs stand alone. Thai, Lao, Khmer, Burmese and their like are pairs of neighbouring letters: of
    "ไทย" that is "ไท ทย", so that a word is found inside a sentence.
    """
    decomposed = unicodedata.normalize("NFKD", text.translate(_SIGNS))
    folded = unicodedata.normalize("NFKD", decomposed.casefold()).translate(_FOLDED)
    return " ".join(_UNSPACED.sub(_pairs, folded).split())


def _pairs(run: re.Match[str]) -> str:
    letters = run[0]
    return f" {' '.join(map(''.join, zip(letters, letters[1:], strict=False))) or letters} "
