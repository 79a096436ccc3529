"""A pipe that wakes a thread which waits for it, or an event loop (the self-pipe trick)."""

import os
import select
from contextlib import suppress


class WakePipe:
    """Any thread may call `wake`; one thread or event loop waits, and it alone calls the rest."""

    def __init__(self) -> None:
        self._read_end, self.write_end = os.pipe()
        """`write_end` is the file descriptor to which others, such as libtorrent, may write a byte."""
        os.set_blocking(self._read_end, False)
        os.set_blocking(self.write_end, False)

    def fileno(self) -> int:
        """The end that becomes readable, for `add_reader` and `select`."""
        return self._read_end

    def wake(self) -> None:
        with suppress(BlockingIOError):  # the pipe is full, so the waiting thread wakes anyway
            os.write(self.write_end, b"!")

    def wait(self, seconds: float) -> None:
        """Return when the pipe is written to, or after so many seconds; empties the pipe."""
        select.select([self], [], [], seconds)
        self.clear()

    def clear(self) -> None:
        """Read all that was written, so that the next write wakes again."""
        with suppress(BlockingIOError):
            os.read(self._read_end, 65_536)

    def close(self) -> None:
        os.close(self._read_end)
        os.close(self.write_end)
