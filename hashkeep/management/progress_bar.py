"""A progress bar with rate and time left on a terminal, a line a minute elsewhere; always on stderr."""

import sys
from typing import Any, TextIO

from tqdm import tqdm

_SECONDS_BETWEEN_LINES = 60


class _Lines:
    """A log wants whole lines, where a terminal wants one line again and again."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> None:
        if line := text.strip():
            self._out.write(f"{line}\n")

    def flush(self) -> None:
        self._out.flush()


def open_progress_bar(total: int | None, unit: str, **options: Any) -> "tqdm[None]":
    """To be used with `with`; update(n) moves it on."""
    if sys.stderr.isatty():
        return tqdm(total=total, unit=unit, **options)
    seconds = _SECONDS_BETWEEN_LINES
    return tqdm(total=total, unit=unit, file=_Lines(sys.stderr), mininterval=seconds, miniters=1, **options)
