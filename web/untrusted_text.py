"""Makes text that comes from torrents fit for display: names, comments and trackers may hold any character."""

import re
import unicodedata

from django.utils.html import escape
from django.utils.safestring import SafeString

# Controls, formats (the bidi overrides among them), surrogates, line and paragraph separators.
_INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # Persian, Hindi and family emoji are spelled with these
MAX_LENGTH = 255  # characters, by default: as long as file systems allow a name to be
_BREAK_POINT = re.compile(r"(?<=[._-])(?=[^\s._-])")  # torrent names have these where others have a space


class _ReplacementTable(dict[int, str]):
    """For str.translate: each character's replacement, computed when the character first occurs."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        is_invisible = unicodedata.category(character) in _INVISIBLE_CATEGORIES and character not in _JOINERS
        self[code] = f"‹U+{code:04X}›" if is_invisible else character
        return self[code]


_REPLACEMENTS = _ReplacementTable()


def make_printable(text: str, max_length: int = MAX_LENGTH) -> str:
    """The text on one line, each invisible character as its code point, `‹U+202E›`; a longer one ends in `…`."""
    text = text[: max_length + 1]
    if not text.isprintable():
        text = text.translate(_REPLACEMENTS)
    return text if len(text) <= max_length else text[: max_length - 1] + "…"


def add_line_breaks(text: str) -> SafeString:
    """The text as HTML that browsers may break after dots, underscores and hyphens, before they break a word."""
    return SafeString(_BREAK_POINT.sub("<wbr>", escape(text)))  # no HTML entity has one of these inside
