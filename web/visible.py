"""Text of strangers, made fit to be looked at: names, comments and trackers may hold any character there is."""

import unicodedata

# Controls, formats (the bidi overrides among them), halves of surrogate pairs, ends of lines and paragraphs.
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # Persian, Hindi and family emoji are spelled with these


def visible(text: str, longest: int = 200) -> str:
    """The text on one line, cut where it is too long, with a mark in place of what acts without being seen."""
    text = text[: longest + 1]
    if not text.isprintable():
        text = "".join(_mark(character) if _acts(character) else character for character in text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _acts(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE and character not in _JOINERS


def _mark(character: str) -> str:
    return f"‹U+{ord(character):04X}›"
