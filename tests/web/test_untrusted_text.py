"""Text from torrents: what is shown as it is, and what is replaced."""

import pytest

from web.untrusted_text import add_line_breaks, make_printable


@pytest.mark.parametrize(
    "text", ["debian-12.iso", "день 日本", "می‌خواهم", "👨‍👩‍👧", "a\u00a0b", "", "<b>&amp;</b>"]
)
def test_printable_text_stays_as_it_is(text: str) -> None:
    assert make_printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("photo\u202egnp.exe", "photo‹U+202E›gnp.exe"),  # right-to-left override
        ("\u2066a\u2069", "‹U+2066›a‹U+2069›"),  # isolates
        ("a\u200bb", "a‹U+200B›b"),  # zero width space
        ("a\x00\x1b[31m", "a‹U+0000›‹U+001B›[31m"),
        ("one\ntwo\u2028three", "one‹U+000A›two‹U+2028›three"),
        ("half \ud800", "half ‹U+D800›"),
    ],
)
def test_invisible_characters_are_shown_as_code_points(text: str, shown: str) -> None:
    assert make_printable(text) == shown


@pytest.mark.parametrize("text", ["x" * 256, "\u202e" * 40, "x" * 10_000_000])
def test_long_text_is_cut_and_ends_in_an_ellipsis(text: str) -> None:
    assert len(make_printable(text)) == 255
    assert make_printable(text).endswith("…")


def test_text_of_the_maximum_length_is_not_cut() -> None:
    assert make_printable("x" * 255) == "x" * 255


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The.Matrix_1999-GROUP", "The.<wbr>Matrix_<wbr>1999-<wbr>GROUP"),
        ("plain words", "plain words"),
        ("...and __init__ - x.", "...<wbr>and __<wbr>init__ - x."),
        ("<b>.&amp;_'\"", "&lt;b&gt;.<wbr>&amp;amp;_<wbr>&#x27;&quot;"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("", ""),
    ],
)
def test_lines_may_break_after_dots_and_markup_is_escaped(text: str, shown: str) -> None:
    assert add_line_breaks(text) == shown
