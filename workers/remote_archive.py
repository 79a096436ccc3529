"""HTTP client of another archive: fetches its lists of infohashes and its torrents, with retries.

A server that answers 429 or 503 gets no request, from any thread, until its Retry-After is over.
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
FIRST_DELAY, MAX_DELAY = 1.0, 60.0  # seconds between two tries; the delay doubles each time
_MAX_RETRY_AFTER = 3_600.0  # seconds; a longer one counts as this
_MAX_LINE = 1_000  # bytes; a longer line counts as several
_NOT_FOUND_STATUSES = (404, 410, 451)
_OPENERS: dict[str, Callable[[Any], Any]] = {".bz2": bz2.open, ".gz": gzip.open}


class RemoteUnavailable(Exception):
    """The server cannot be reached, or its answers cannot be used, after all tries."""


class RemoteNotFound(Exception):
    """The server answered 404, 410 or 451."""


class RemoteArchive:
    """The archive at `url`; may be used by several threads.

    `base` is its address without a path: `https://archive.example`. `report` is called with the reason and the length
    of each wait.
    """

    def __init__(self, url: str, connections: int, report: Callable[[str], None]) -> None:
        parts = urlsplit(url)
        self.base = f"{parts.scheme}://{parts.netloc}"
        agent = {"User-Agent": "Hashkeep-mirror"}
        self._pool = urllib3.PoolManager(maxsize=connections, block=True, timeout=_TIMEOUT, headers=agent)
        self._report = report
        self._not_before = 0.0  # time.monotonic() of the next request that is allowed
        self._unreported = ""  # the reason of the delay, until a thread has reported it
        self._lock, self._closed = Lock(), Event()

    def fetch(self, path: str, max_bytes: int, tries: int = _TRIES) -> bytes:
        """The body at this path; of a longer one the first `max_bytes` + 1 bytes.

        Raises RemoteNotFound, and RemoteUnavailable after the last try.
        """
        for attempt in range(tries):
            try:
                with self._open_response(path) as response:
                    return response.read(max_bytes + 1, decode_content=False)
            except (urllib3.exceptions.HTTPError, RemoteUnavailable) as error:
                reason = (
                    str(error) if isinstance(error, RemoteUnavailable) else self._describe_error(path, error)
                )
                if attempt == tries - 1:
                    raise RemoteUnavailable(reason) from error
                self._delay_requests(min(FIRST_DELAY * 2**attempt, MAX_DELAY), reason)
        raise AssertionError  # the last attempt returns or raises

    def close(self) -> None:
        """Every thread that waits, or begins a request from now on, gets RemoteUnavailable."""
        self._closed.set()

    def lines(self, path: str) -> Iterator[str]:
        """The lines of the text at this path, decompressed if its name ends in .gz or .bz2.

        Raises RemoteNotFound, and RemoteUnavailable where it breaks off.
        """
        try:
            with self._open_response(path) as response:
                # Else urllib3 closes the response at its end, while the reader still holds lines of it.
                cast(urllib3.HTTPResponse, response).auto_close = False
                raw = io.BufferedReader(cast(io.RawIOBase, response))
                opener = _OPENERS.get(path[path.rfind(".") :])
                file = opener(raw) if opener else raw
                while line := cast(bytes, file.readline(_MAX_LINE)):
                    yield line.decode("ascii", "replace").strip()
        except (urllib3.exceptions.HTTPError, OSError, EOFError, zlib.error) as error:
            raise RemoteUnavailable(self._describe_error(path, error)) from error

    @contextmanager
    def _open_response(self, path: str) -> Iterator[urllib3.BaseHTTPResponse]:
        """The response, its body unread. Raises RemoteNotFound, and RemoteUnavailable for other statuses but 200.

        The Retry-After of the latter delays the requests of all threads.
        """
        self._wait_until_allowed()
        retries = urllib3.Retry(
            connect=0, read=0, status=0, other=0, redirect=5, respect_retry_after_header=False
        )
        response = self._pool.request("GET", self.base + path, preload_content=False, retries=retries)
        try:
            if response.status in _NOT_FOUND_STATUSES:
                raise RemoteNotFound(f"{self.base}{path} was answered with status {response.status}.")
            if response.status != 200:
                reason = f"{self.base}{path} was answered with status {response.status}."
                self._delay_requests(_parse_retry_after(response.headers.get("Retry-After", "")), reason)
                raise RemoteUnavailable(reason)
            yield response
        finally:
            # A connection whose response was read to its end serves another request; any other is closed.
            if not response.closed and response.length_remaining == 0:
                response.release_conn()
            else:
                response.close()

    def _describe_error(self, path: str, error: Exception) -> str:
        return f"{self.base}{path} cannot be read: {_innermost_message(error)}."

    def _delay_requests(self, seconds: float, reason: str) -> None:
        now = time.monotonic()
        with self._lock:
            if self._not_before < now:  # else the reason of the present delay has been reported
                self._unreported = reason
            self._not_before = max(self._not_before, now + seconds)

    def _wait_until_allowed(self) -> None:
        """Block until requests are allowed. The first thread that waits reports the reason for all of them."""
        with self._lock:
            pause = max(0.0, self._not_before - time.monotonic())
            reason, self._unreported = self._unreported, ""
        if reason and pause and not self._closed.is_set():
            self._report(f"{reason} It is asked again in {pause:,.0f} s.")
        if self._closed.wait(pause):
            raise RemoteUnavailable(f"{self.base} is not asked any more.")


def _innermost_message(error: BaseException) -> str:
    """The message of the innermost error: those that urllib3 wraps round it name its own objects."""
    while inner := error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) else error.__cause__:
        error = inner
    message = error.strerror if isinstance(error, OSError) else None
    return " ".join(str(message or (error.args or [type(error).__name__])[-1]).split()).rstrip(".")


def _parse_retry_after(retry_after: str) -> float:
    """Seconds to wait; the header holds seconds or a date (RFC 9110). 0 where it is missing or malformed."""
    try:
        if retry_after.isdecimal():
            seconds = float(retry_after)
        else:
            seconds = (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER)
