"""A private PostgreSQL cluster with durable writes, as in production. Debian: apt-get install postgresql."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import SIGINT, SIGKILL
from tempfile import TemporaryDirectory

from tests.servers import as_user, free_port, run_process, wait_until

USER = "postgres"
DATABASE = "hashkeep"


class Cluster:
    """A cluster that may be killed, and started again on the same port with the same data."""

    def __init__(self, home: Path) -> None:
        self._home, self._port, self._stack = home, free_port(), ExitStack()
        self.url = f"postgres://{USER}@127.0.0.1:{self._port}/{DATABASE}"

    def start(self) -> None:
        data, log, port = self._home / "data", self._home / "log", str(self._port)
        server = [
            program_path("postgres"),
            "-D",
            str(data),
            "-p",
            port,
            "-k",
            str(self._home),
            "-h",
            "127.0.0.1",
        ]
        # SIGINT is PostgreSQL's "fast shutdown": it does not wait for clients to leave.
        process = self._stack.enter_context(run_process(server, log, USER, stop=SIGINT))
        ready = [program_path("pg_isready"), "-q", *self._client_options()]
        wait_until(lambda: is_accepting(ready), process, log)
        self._process = process

    def create(self) -> None:
        subprocess.run([program_path("createdb"), *self._client_options(), DATABASE], check=True)

    def kill(self) -> None:
        """SIGKILL, to all of its processes; those that serve clients are children of the first."""
        own = [int(pid) for pid in child_pids(self._process.pid)]
        for pid in (self._process.pid, *own):
            os.kill(pid, SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        self._stack.close()

    def _client_options(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self._port), "-U", USER]


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running cluster with an empty database."""
    with TemporaryDirectory(prefix="postgres-") as folder:
        home = Path(folder)
        create_cluster(home, home / "data")
        started = Cluster(home)
        started.start()
        try:
            started.create()
            yield started
        finally:
            started.stop()


@contextmanager
def postgres() -> Iterator[str]:
    """The DATABASE_URL of an empty database."""
    with cluster() as started:
        yield started.url


def child_pids(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def create_cluster(home: Path, data: Path) -> None:
    become = as_user(USER)
    if become:
        shutil.chown(home, USER)
    options = ["--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    command = ["setpriv", *become, "--", program_path("initdb"), "-D", str(data), *options]
    subprocess.run(command, check=True, capture_output=True, cwd=home)


def program_path(name: str) -> str:
    """Debian keeps the server's programs out of PATH, one folder a version; the newest will do."""
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    return str(max(versions, key=lambda path: int(path.parts[4])))


def is_accepting(command: list[str]) -> bool:
    return subprocess.run(command).returncode == 0
