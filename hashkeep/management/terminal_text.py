"""Makes text from strangers safe to print on a terminal."""


def escape_text(text: str) -> str:
    """The text with `\\n`, `\\x1b` and the like in place of line ends, control characters and lone surrogates."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
