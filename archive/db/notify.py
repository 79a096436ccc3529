"""How processes wake each other: a hint that the table has news, never the news itself, but for what may be lost.

On SQLite, where all of them share a machine, an ear is a named pipe in DATA_DIR; on PostgreSQL it is LISTEN and
NOTIFY. A hint may get lost, so whoever listens looks at the table by itself now and then.
"""

import errno
import os
import select
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from archive.db.driver import is_postgresql

NEW_WISHES = "wanted"  # there are new wishes: for resolvers; or what must not be in the table (`whispers`)
SETTLED_WISHES = (
    "settled"  # wishes were met, `names:held under`, or missed, `names`, all in hex: for those who wait
)

_database: Any = connection  # what psycopg adds to it is in no stub
_AT_ONCE = 4_000  # characters; a pipe takes 4,096 bytes in one piece, PostgreSQL 8,000


class Listener(Protocol):
    """Belongs to one thread, but for its making."""

    def receive(self, seconds: float) -> set[str]:
        """All the words rung until now; waits for the first ones, at most so long."""

    def close(self) -> None: ...


def listen(bell: str) -> Listener:
    return _Channel(bell) if is_postgresql() else _Pipe(bell)


def notify_on_commit(bell: str, words: Iterable[str] = ("",)) -> None:
    """After the present transaction, if there is one: whoever wakes up must find what was written."""
    for line in _lines(words):
        transaction.on_commit(partial(_send, bell, line))


def notify_now(bell: str, words: Iterable[str]) -> None:
    """At once."""
    for line in _lines(words):
        _send(bell, line)


def _lines(words: Iterable[str]) -> list[str]:
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) > _AT_ONCE:
            lines.append("")
        lines[-1] += f"{word} "
    return lines


def _send(bell: str, line: str) -> None:
    (_notify if is_postgresql() else _write)(bell, line)


def _notify(bell: str, line: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [bell, line])


def _write(bell: str, line: str) -> None:
    """A hint may get lost, and whoever gives it must not break over it: where descriptors are used up, say."""
    with suppress(OSError):
        for pipe in _folder().glob(f"{bell}.*"):
            _put(pipe, f"{line}\n".encode())


def _put(pipe: Path, line: bytes) -> None:
    try:
        end = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:  # its reader was killed
            pipe.unlink(missing_ok=True)
        return
    with suppress(OSError):  # it is full of hints already
        os.write(end, line)
    os.close(end)


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "wake"


class _Pipe:
    def __init__(self, bell: str) -> None:
        _folder().mkdir(parents=True, exist_ok=True)
        self._path = _folder() / f"{bell}.{uuid.uuid4().hex}"
        # Under its name only when it is open: a pipe without a reader is cleared away.
        new = self._path.with_name(f".{self._path.name}")
        os.mkfifo(new, 0o600)
        self._end = os.open(new, os.O_RDWR | os.O_NONBLOCK)  # a writer of our own, lest it end with the first
        new.rename(self._path)

    def receive(self, seconds: float) -> set[str]:
        readable, _, _ = select.select([self._end], [], [], seconds)
        return set(os.read(self._end, 65_536).decode().split()) if readable else set()

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._end)


class _Channel:
    def __init__(self, bell: str) -> None:
        self._bell = bell
        self._connection: Any = None
        self._connect()

    def receive(self, seconds: float) -> set[str]:
        try:
            if self._connection is None:
                self._connect()
            heard = self._connection.notifies(timeout=seconds, stop_after=1)
            return {word for notify in heard for word in notify.payload.split()}
        except (
            _database.Database.Error,
            DatabaseError,
        ):  # the server is away; what was rung meanwhile is lost
            self.close()
            time.sleep(seconds)
            return set()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> None:
        """A connection of its own: one that waits cannot be asked anything else."""
        with connection.wrap_database_errors:
            parameters = connection.get_connection_params()
            fresh = _database.Database.connect(**parameters, autocommit=True)
            fresh.execute(f'LISTEN "{self._bell}"')
        self._connection = fresh
