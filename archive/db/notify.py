"""Notifications between processes: that there are new wishes, or that wishes were settled.

    process A                                      process B, or a thread of A
    ---------                                      ---------------------------
    1. writes a row                                listener = listen(channel)
    2. notify_on_commit(channel, payloads)         loop: listener.receive(seconds)
    3. commit ──► SQLite: a named pipe of each ──► 4. set of payloads, or an empty set after `seconds`
                  listener, DATA_DIR/wake/CHANNEL.*
                  PostgreSQL: pg_notify, LISTEN

A notification may get lost: where a pipe is full, or the database goes away. So it only tells that there is something
to look up in the table, and listeners look by themselves now and then; a payload holds what may be lost. On SQLite
all processes share a machine, so pipes are enough.
"""

import errno
import os
import select
import threading
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from archive.db.driver import is_postgresql

# For resolvers: there are wishes to search for. A payload is a sealed peer hint (`received_peer_hints`).
NEW_WISHES = "wanted"
# For waiting requests: wishes were fulfilled or missed. `settlement_notifications` describes the payload.
SETTLED_WISHES = "settled"

_database: Any = connection  # Django's stubs do not know what psycopg adds to it
_MAX_LINE = 4_000  # characters: a pipe takes 4,096 bytes in one piece, PostgreSQL 8,000
_MAX_READ = 65_536  # bytes: as much as a pipe holds
_CLOCK_TICK_NS = 50_000_000  # more than a tick of any file system's clock, which is 10 ms at most on Linux


class Listener(Protocol):
    """Belongs to one thread, except that another may create it."""

    def receive(self, seconds: float) -> set[str]:
        """The payloads notified since the last call. Waits at most so many seconds for the first."""

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to receive; -1 while there is no connection."""

    def close(self) -> None: ...


def listen(channel: str) -> Listener:
    """Start to receive what is notified on the channel from now on."""
    return _PostgresListener(channel) if is_postgresql() else _PipeListener(channel)


def notify_on_commit(channel: str, payloads: Iterable[str] = ("",)) -> None:
    """Notify when the present transaction commits, or at once outside of one.

    So a listener that wakes up finds the rows. A payload has neither spaces nor line ends.
    """
    for line in _join_payloads(payloads):
        transaction.on_commit(partial(_send_line, channel, line))


def notify_now(channel: str, payloads: Iterable[str]) -> None:
    """Notify without regard to transactions. (On PostgreSQL a transaction that is open delays it all the same.)"""
    for line in _join_payloads(payloads):
        _send_line(channel, line)


def _join_payloads(payloads: Iterable[str]) -> list[str]:
    """The payloads, separated by spaces, in as few lines as the size of a notification allows."""
    lines = [""]
    for payload in payloads:
        if len(lines[-1]) + len(payload) > _MAX_LINE:
            lines.append("")
        lines[-1] += f"{payload} "
    return lines


def _send_line(channel: str, line: str) -> None:
    (_send_by_postgres if is_postgresql() else _send_by_pipes)(channel, line)


def _send_by_postgres(channel: str, line: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [channel, line])


def _send_by_pipes(channel: str, line: str) -> None:
    """Write to every listener's pipe. An OSError (no descriptor left, say) loses the notification and is ignored."""
    with suppress(OSError):
        _open_pipes(_pipes_folder(), channel).write(f"{line}\n".encode())


def _pipes_folder() -> Path:
    return Path(settings.DATA_DIR) / "wake"


class _OpenPipes:
    """The pipes of a channel's listeners, open for writing. Thread-safe.

    The folder is listed again when its modification time has changed, since that takes five times as long as to
    notify one listener. Within a tick of the file system's clock two changes have the same time, so what is listed
    so soon after a change does not count as known.
    """

    def __init__(self, folder: Path, channel: str) -> None:
        self._folder, self._channel = folder, channel
        self._lock = threading.Lock()
        self._listed_at = 0  # the folder's modification time in ns; 0: to be listed
        self._descriptors: dict[Path, int] = {}

    def write(self, line: bytes) -> None:
        """Raises OSError."""
        with self._lock:
            changed = os.stat(self._folder).st_mtime_ns
            if changed != self._listed_at:
                is_whole = self._list_folder()
                is_settled = time.time_ns() - changed > _CLOCK_TICK_NS
                self._listed_at = changed if is_whole and is_settled else 0
            for path, descriptor in list(self._descriptors.items()):
                try:
                    os.write(descriptor, line)
                except BlockingIOError:
                    pass  # the pipe is full of notifications that nothing has read
                except OSError:  # EPIPE: the listening process was killed
                    self._close_pipe(path)
                    path.unlink(missing_ok=True)

    def _list_folder(self) -> bool:
        """Open new pipes and close those that are gone. False if one could not be opened."""
        is_whole = True
        paths = set(self._folder.glob(f"{self._channel}.*"))
        for path in self._descriptors.keys() - paths:
            self._close_pipe(path)
        for path in paths - self._descriptors.keys():
            try:
                self._descriptors[path] = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno == errno.ENXIO:  # no reader: the listening process was killed
                    path.unlink(missing_ok=True)
                else:
                    is_whole = False
        return is_whole

    def _close_pipe(self, path: Path) -> None:
        os.close(self._descriptors.pop(path))


@cache
def _open_pipes(folder: Path, channel: str) -> _OpenPipes:
    return _OpenPipes(folder, channel)


class _PipeListener:
    def __init__(self, channel: str) -> None:
        _pipes_folder().mkdir(parents=True, exist_ok=True)
        self._path = _pipes_folder() / f"{channel}.{uuid.uuid4().hex}"
        # It gets the name that senders look for only when it is open: they delete pipes without a reader.
        hidden_path = self._path.with_name(f".{self._path.name}")
        os.mkfifo(hidden_path, 0o600)
        # Open for writing too: else the pipe would report its end whenever a sender closes it.
        self._descriptor = os.open(hidden_path, os.O_RDWR | os.O_NONBLOCK)
        hidden_path.rename(self._path)
        self._poll = select.poll()  # select() refuses descriptors above 1,023
        self._poll.register(self._descriptor, select.POLLIN)

    def receive(self, seconds: float) -> set[str]:
        readable = self._poll.poll(seconds * 1000)
        return set(os.read(self._descriptor, _MAX_READ).decode().split()) if readable else set()

    def fileno(self) -> int:
        return self._descriptor

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


class _PostgresListener:
    """Has a connection of its own: one that waits for notifications can run no other statement."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._connection: Any = None
        self._connect()

    def receive(self, seconds: float) -> set[str]:
        try:
            if self._connection is None:
                self._connect()
            notifications = self._connection.notifies(timeout=seconds, stop_after=1)
            return {payload for each in notifications for payload in each.payload.split()}
        except (_database.Database.Error, DatabaseError):
            # The server is away. What is notified until the next call connects again is lost.
            self.close()
            time.sleep(seconds)
            return set()

    def fileno(self) -> int:
        return -1 if self._connection is None else int(self._connection.fileno())

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> None:
        with connection.wrap_database_errors:
            parameters = connection.get_connection_params()
            fresh = _database.Database.connect(**parameters, autocommit=True)
            fresh.execute(f'LISTEN "{self._channel}"')
        self._connection = fresh
