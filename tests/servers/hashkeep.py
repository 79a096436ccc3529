"""Starts a real Hashkeep in a process group of its own, as `make run` does."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
_READY = b"Hashkeep answers at"  # in the log: so the port is answered by this server
_START_TIMEOUT = 180  # seconds, on a machine that is busy with other tests


class Hashkeep:
    """An archive with its data in `folder`. Keywords are settings: `Hashkeep(folder, MAX_TORRENT_BYTES=1000)`."""

    def __init__(self, folder: Path, server: str = "granian", **settings: object) -> None:
        self.folder, self.server = folder, server
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self.env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "hashkeep.settings",
            "DATA_DIR": str(folder),
            "DATABASE_URL": "",
            "PORT": str(self.port),
            "RESOLVE": "off",  # tests send nothing to the network
            **{name: str(value) for name, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def torrents(self) -> Path:
        """The folder of the stored torrents, with the default storage."""
        return self.folder / "torrents"

    def manage(self, *args: str, **options: object) -> subprocess.CompletedProcess[str]:
        """Runs a command of manage.py on this archive. AssertionError if it fails, unless `may_fail` is set."""
        command = [sys.executable, "manage.py", *args]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=3600)
        if done.returncode and not options.get("may_fail"):
            raise AssertionError(f"{args} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def migrate(self) -> None:
        """Makes the tables. An SQLite database is copied from one that is made once: the command takes seconds."""
        self.folder.mkdir(parents=True, exist_ok=True)
        index = self.folder / "hashkeep.sqlite3"
        if self.env["DATABASE_URL"]:
            self.manage("migrate", "--verbosity", "0")
        elif not index.exists():
            index.write_bytes(_migrated_sqlite())

    def start(self, *options: str) -> None:
        """Runs `serve`, with these options as well, until it answers."""
        command = [sys.executable, "manage.py", "serve", "--server", self.server, *options]
        with self.log.open("ab") as log:
            log_start = log.tell()
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + _START_TIMEOUT
        while _READY not in self.log.read_bytes()[log_start:] or not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"The server did not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/api/v1/stats", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    @property
    def pid(self) -> int:
        assert self._process is not None, "it has been started"
        return self._process.pid

    def processes(self, *beginning: str) -> list[int]:
        """The ids of processes in the session of `serve` whose arguments begin with these: `"-m", "granian"`."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, ProcessLookupError):
                line = (folder / "cmdline").read_text().split("\0")[1:]
                if tuple(line[: len(beginning)]) == beginning and os.getsid(int(folder.name)) == self.pid:
                    found.append(int(folder.name))
        return found

    def resolvers(self) -> list[int]:
        return self.processes("manage.py", "resolver")

    def kill(self, signal_number: signal.Signals = signal.SIGKILL) -> None:
        """Sends the signal to the whole process group: for processes SIGKILL is what a power cut is."""
        if self._process is not None:
            os.killpg(self._process.pid, signal_number)
            self._process.wait(timeout=30)
            self._process = None


@cache
def _migrated_sqlite() -> bytes:
    """The bytes of an SQLite database with all tables and no rows."""
    with TemporaryDirectory() as folder:
        Hashkeep(Path(folder)).manage("migrate", "--verbosity", "0")
        return (Path(folder) / "hashkeep.sqlite3").read_bytes()


@contextmanager
def hashkeep(folder: Path, server: str = "granian", **settings: object) -> Iterator[Hashkeep]:
    """A migrated, running archive in this folder; killed at the end of the block."""
    running = Hashkeep(folder, server, **settings)
    running.migrate()
    running.start()
    try:
        yield running
    finally:
        running.kill()
