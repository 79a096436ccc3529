"""Keeps a command running: `python -m workers.supervisor COMMAND…` starts it again whenever it ends.

Standard input is a pipe from whoever wants it to run. When that end is closed, this ends, and so does the command,
which has the same standard input. Needs no Django, so that it takes little memory.
"""

import select
import subprocess
import sys
import time

_SHORTEST, _LONGEST = 1.0, 60.0  # seconds between two starts, growing while it dies young


def keep(command: list[str]) -> None:
    pause = _SHORTEST
    while not _abandoned(0):
        began = time.monotonic()
        subprocess.run(command)  # noqa: S603
        pause = _SHORTEST if time.monotonic() - began > _LONGEST else min(2 * pause, _LONGEST)
        if _abandoned(pause):
            return


def _abandoned(seconds: float) -> bool:
    return bool(select.select([sys.stdin], [], [], seconds)[0])


if __name__ == "__main__":
    try:
        keep(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit()
