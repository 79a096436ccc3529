"""Opens progress bars on stderr: with rate and time left on a terminal, else a line a minute."""

import sys
from typing import Any, TextIO

from tqdm import tqdm

_SECONDS_BETWEEN_LINES = 60


class _LineWriter:
    """A file for tqdm that is no terminal: writes each state of the bar as a line of its own."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> None:
        if line := text.strip():
            self._out.write(f"{line}\n")

    def flush(self) -> None:
        self._out.flush()


def open_progress_bar(total: int | None, unit: str, **options: Any) -> "tqdm[None]":
    """A tqdm bar, to be used with `with`; `update(n)` advances it. `total`: None if it is not known."""
    if sys.stderr.isatty():
        return tqdm(total=total, unit=unit, **options)
    seconds = _SECONDS_BETWEEN_LINES
    return tqdm(
        total=total, unit=unit, file=_LineWriter(sys.stderr), mininterval=seconds, miniters=1, **options
    )
