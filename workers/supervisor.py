"""Keeps a command running: `python -m workers.supervisor COMMAND…` starts it again whenever it ends.

    serve ──── pipe ────► standard input of the supervisor and of the command, which inherits it
                          1. run the command until it ends
                          2. pause: 1 s, doubled up to 60 s while the command ends within 60 s
                          3. back to 1, unless the pipe was closed

When `serve` ends, however it ends, the kernel closes the pipe: the command notices that by itself, and the supervisor
before its next start. It needs no Django, and so little memory.
"""

import select
import subprocess
import sys
import time

_MIN_PAUSE, _MAX_PAUSE = 1.0, 60.0  # seconds between two starts


def keep_running(command: list[str]) -> None:
    pause = _MIN_PAUSE
    while not _is_stdin_closed_within(0):
        began = time.monotonic()
        subprocess.run(command)  # noqa: S603
        pause = _MIN_PAUSE if time.monotonic() - began > _MAX_PAUSE else min(2 * pause, _MAX_PAUSE)
        if _is_stdin_closed_within(pause):
            return


def _is_stdin_closed_within(seconds: float) -> bool:
    """Nothing is ever written to the pipe: that it can be read means that its other end was closed."""
    return bool(select.select([sys.stdin], [], [], seconds)[0])


if __name__ == "__main__":
    try:
        keep_running(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit()
