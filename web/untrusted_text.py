"""Text of strangers, made fit to be looked at: names, comments and trackers may hold any character there is."""

import re
import unicodedata

from django.utils.html import escape
from django.utils.safestring import SafeString

# Controls, formats (the bidi overrides among them), halves of surrogate pairs, ends of lines and paragraphs.
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
MAX_LENGTH = 255  # characters, where nothing else is said: as long as file systems let a name be
_AFTER = re.compile(r"(?<=[._-])(?=[^\s._-])")  # where names have what others write a space for
_JOINERS = "\u200c\u200d"  # Persian, Hindi and family emoji are spelled with these


class _Marks(dict[int, str]):
    """For str.translate: what each character is shown as, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        acts = unicodedata.category(character) in _INVISIBLE and character not in _JOINERS
        self[code] = f"‹U+{code:04X}›" if acts else character
        return self[code]


_MARKS = _Marks()


def make_printable(text: str, longest: int = MAX_LENGTH) -> str:
    """The text on one line, cut where it is too long, with a mark in place of what acts without being seen."""
    text = text[: longest + 1]
    if not text.isprintable():
        text = text.translate(_MARKS)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def add_line_breaks(text: str) -> SafeString:
    """For HTML: lines that must be broken are broken after dots, underscores and hyphens, before words are."""
    return SafeString(_AFTER.sub("<wbr>", escape(text)))  # no entity has one of these inside
