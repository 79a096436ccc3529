"""Run the web server that the settings describe, and a resolver beside it."""

import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from archive.errors import Unavailable
from archive.metrics import FOLDER_VARIABLE
from archive.monitoring.health import check_storage
from archive.store import get_storage
from archive.takedowns.takedown import finish_takedowns
from hashkeep.management.archive_command import require_migrations
from hashkeep.settings_checks import SETTINGS_TAG
from server.cpu_affinity import cores

_KILL_AFTER = 5  # seconds that gunicorn's processes have to end


class Command(BaseCommand):
    help = (
        "Serve the archive on HOST and PORT, with granian or with gunicorn, and keep a resolver running beside it "
        "(unless RESOLVE is off)."
    )
    requires_system_checks = [SETTINGS_TAG]  # as in ArchiveCommand

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--server",
            choices=["granian", "gunicorn"],
            default="granian",
            help="granian is faster; gunicorn (requirements-gunicorn.txt) keeps the letter case of header names, for "
            "scripts that compare it: let nginx stand before it, as slow and waiting clients take its threads",
        )
        parser.add_argument(
            "--workers",
            type=int,
            default=len(cores()),
            help="processes (as many as cores: then each of granian's is kept to one of them)",
        )
        parser.add_argument(
            "--threads",
            type=int,
            default=settings.THREADS,
            help="threads of each process that work on requests (THREADS)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        command = _granian if options["server"] == "granian" else _gunicorn
        if command is _gunicorn and not find_spec("gunicorn"):
            raise CommandError("gunicorn is not installed: pip install -r requirements-gunicorn.txt")
        if min(options["workers"], options["threads"]) < 1:
            raise CommandError("It takes at least one of --workers, and one of --threads.")
        _require_free_port(settings.HOST, settings.PORT)
        require_migrations()
        self._finish_takedowns()
        _check_local_storage()
        connection.close()  # what is started from here opens its own
        shown = f"http://{settings.HOST}:{settings.PORT}/"
        self.stderr.write(self.style.SUCCESS(f"Hashkeep answers at {shown}  (Ctrl+C ends it)"))
        _reset_metrics()
        if settings.RESOLVE:
            _start_supervised("resolver", "--attached")
        if settings.CENSUS:
            _start_supervised("census", "--attached")
        if settings.BLOCKLISTS:
            _start_supervised("blocklist", "--every", "24", "--attached")
        os.environ["THREADS"] = str(options["threads"])
        # glibc would raise this with the first torrent of megabytes, and keep what each thread has once needed.
        os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", "131072")
        line = [sys.executable, "-m", *command(options["workers"], options["threads"])]
        os.execv(sys.executable, line)  # noqa: S606

    def _finish_takedowns(self) -> None:
        """Delete what is blocked and still stored. If the storage cannot be reached, the rest is served anyway."""
        try:
            finish_takedowns()
        except Unavailable as trouble:
            self.stderr.write(f"A takedown that broke off could not be finished. {trouble}")


def _check_local_storage() -> None:
    """Log what is wrong with a storage on this machine. The start does not wait for a remote one."""
    with suppress(Unavailable):
        if get_storage().local:
            check_storage()


def _require_free_port(host: str, port: int) -> None:
    """granian would share the port with another process that listens there."""
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise CommandError(
            f"It cannot listen on {host}, port {port}: {error.strerror}. Another HOST or PORT, perhaps?"
        ) from None


def _reset_metrics() -> None:
    """Give the processes that are started from here an empty folder for their metrics.

    Prometheus knows that counters begin anew with a start. The folder lies in memory where that is possible: its
    files are mapped, and a process that writes into a mapped file on a full disk is killed.
    """
    for parent in (Path("/dev/shm"), settings.DATA_DIR / "metrics"):  # noqa: S108  0700, and made by us or not used
        folder = parent / f"hashkeep-{settings.HOST}-{settings.PORT}"  # only one server has this address
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True)
            os.environ[FOLDER_VARIABLE] = str(folder)
            return


def _start_supervised(*command: str) -> None:
    """Start a command that is restarted whenever it ends, for as long as the web server lives.

    The supervisor ends when its pipe is closed; the other end of the pipe is inherited by the web server.
    """
    read, write = os.pipe()
    supervisor = [sys.executable, "-m", "workers.supervisor", sys.executable, "manage.py", *command]
    subprocess.Popen(supervisor, stdin=read, cwd=settings.BASE_DIR)  # noqa: S603
    os.close(read)
    os.set_inheritable(write, True)


def _granian(workers: int, _: int) -> list[str]:
    return ["hashkeep.granian_server", "--workers", str(workers)]


def _gunicorn(workers: int, threads: int) -> list[str]:
    return [
        *("gunicorn", "--bind", f"{settings.HOST}:{settings.PORT}", "--log-level", "error"),
        *("--workers", str(workers), "--threads", str(threads), "--worker-class", "gthread"),
        *("--graceful-timeout", str(_KILL_AFTER)),
        *("--limit-request-line", "8190"),  # a magnet link with all its trackers is asked for by GET
        "hashkeep.wsgi:application",
    ]
