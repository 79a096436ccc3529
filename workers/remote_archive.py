"""Another archive, over HTTP: its lists of infohashes and its torrents, asked for politely.

Whoever says 429 or 503 is left alone for as long as it wishes, by all threads.
"""

import bz2
import gzip
import io
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event, Lock
from typing import Any, cast
from urllib.parse import urlsplit

import urllib3

_TIMEOUT = urllib3.Timeout(connect=15, read=60)
_TRIES = 7
_PAUSES = (1.0, 60.0)  # seconds: the first, twice as long each time, and the longest
_LONGEST_WISH = 3_600.0  # seconds that a Retry-After may ask for
_LINE = 1_000  # bytes
_GONE = (404, 410, 451)
_OPENERS: dict[str, Callable[[Any], Any]] = {".bz2": bz2.open, ".gz": gzip.open}


class RemoteUnavailable(Exception):
    """It does not answer, or with nothing that can be used, however often it is asked."""


class RemoteNotFound(Exception):
    """It has no such thing (any more)."""


class RemoteArchive:
    """`base` is its address without a path, `https://archive.example`; `tell` hears why and how long it waits."""

    def __init__(self, url: str, connections: int, tell: Callable[[str], None]) -> None:
        parts = urlsplit(url)
        self.base = f"{parts.scheme}://{parts.netloc}"
        agent = {"User-Agent": "Hashkeep-mirror"}
        self._pool = urllib3.PoolManager(maxsize=connections, block=True, timeout=_TIMEOUT, headers=agent)
        self._tell = tell
        self._not_before, self._why = 0.0, ""
        self._lock, self._closed = Lock(), Event()

    def fetch(self, path: str, longest: int, tries: int = _TRIES) -> bytes:
        """What lies there, cut off one byte after the longest that is of use. Raises Gone, Away."""
        for attempt in range(tries):
            try:
                with self._asked(path) as answer:
                    return answer.read(longest + 1, decode_content=False)
            except (urllib3.exceptions.HTTPError, RemoteUnavailable) as error:
                why = str(error) if isinstance(error, RemoteUnavailable) else self._unreadable(path, error)
                if attempt == tries - 1:
                    raise RemoteUnavailable(why) from error
                self._leave_alone(min(_PAUSES[0] * 2**attempt, _PAUSES[1]), why)
        raise AssertionError  # the last attempt returns or raises

    def close(self) -> None:
        """Whoever waits, or would ask now, gets Away."""
        self._closed.set()

    def lines(self, path: str) -> Iterator[str]:
        """Of a text, one by one, unpacked if its name says so. Raises Gone, and Away where it breaks off."""
        try:
            with self._asked(path) as answer:
                cast(
                    urllib3.HTTPResponse, answer
                ).auto_close = False  # what is read to its end is not yet parsed
                raw = io.BufferedReader(cast(io.RawIOBase, answer))
                opener = _OPENERS.get(path[path.rfind(".") :])
                file = opener(raw) if opener else raw
                while line := cast(bytes, file.readline(_LINE)):
                    yield line.decode("ascii", "replace").strip()
        except (urllib3.exceptions.HTTPError, OSError, EOFError, zlib.error) as error:
            raise RemoteUnavailable(self._unreadable(path, error)) from error

    @contextmanager
    def _asked(self, path: str) -> Iterator[urllib3.BaseHTTPResponse]:
        """The answer, unread. One that is no success is Gone, or Away and heeded."""
        self._wait()
        followed = urllib3.Retry(
            connect=0, read=0, status=0, other=0, redirect=5, respect_retry_after_header=False
        )
        answer = self._pool.request("GET", self.base + path, preload_content=False, retries=followed)
        try:
            if answer.status in _GONE:
                raise RemoteNotFound(f"{self.base}{path} was answered with status {answer.status}.")
            if answer.status != 200:
                why = f"{self.base}{path} was answered with status {answer.status}."
                self._leave_alone(_wished(answer.headers.get("Retry-After", "")), why)
                raise RemoteUnavailable(why)
            yield answer
        finally:
            # A connection is good for another request when all has been read, and else it is closed.
            if not answer.closed and answer.length_remaining == 0:
                answer.release_conn()
            else:
                answer.close()

    def _unreadable(self, path: str, error: Exception) -> str:
        return f"{self.base}{path} cannot be read: {_reason(error)}."

    def _leave_alone(self, seconds: float, why: str) -> None:
        now = time.monotonic()
        with self._lock:
            if self._not_before < now:  # else the others are being told already
                self._why = why
            self._not_before = max(self._not_before, now + seconds)

    def _wait(self) -> None:
        """Whoever comes first tells why, also for those who wait beside it."""
        with self._lock:
            pause = max(0.0, self._not_before - time.monotonic())
            why, self._why = self._why, ""
        if why and pause and not self._closed.is_set():
            self._tell(f"{why} It is asked again in {pause:,.0f} s.")
        if self._closed.wait(pause):
            raise RemoteUnavailable(f"{self.base} is not asked any more.")


def _reason(error: BaseException) -> str:
    """What the innermost says: what urllib3 wraps round it names its own objects."""
    while inner := error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) else error.__cause__:
        error = inner
    said = error.strerror if isinstance(error, OSError) else None
    return " ".join(str(said or (error.args or [type(error).__name__])[-1]).split()).rstrip(".")


def _wished(retry_after: str) -> float:
    """Seconds or a date (RFC 9110)."""
    try:
        if retry_after.isdecimal():
            seconds = float(retry_after)
        else:
            seconds = (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
    return min(max(seconds, 0.0), _LONGEST_WISH)
