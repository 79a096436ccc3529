"""A private PostgreSQL cluster with durable writes, as in earnest. Debian: apt-get install postgresql."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT
from tempfile import TemporaryDirectory

from tests.servers import as_user, free_port, running, wait_until

USER = "postgres"
DATABASE = "hashkeep"


@contextmanager
def postgres() -> Iterator[str]:
    """The DATABASE_URL of an empty database."""
    with TemporaryDirectory(prefix="postgres-") as folder:
        home, port = Path(folder), free_port()
        data, log = home / "data", home / "log"
        create_cluster(home, data)
        server = [program("postgres"), "-D", str(data), "-p", str(port), "-k", str(home), "-h", "127.0.0.1"]
        # SIGINT is PostgreSQL's "fast shutdown": it does not wait for clients to leave.
        with running(server, log, USER, stop=SIGINT) as process:
            client = ["-h", "127.0.0.1", "-p", str(port), "-U", USER]
            wait_until(lambda: accepts([program("pg_isready"), "-q", *client]), process, log)
            subprocess.run([program("createdb"), *client, DATABASE], check=True)
            yield f"postgres://{USER}@127.0.0.1:{port}/{DATABASE}"


def create_cluster(home: Path, data: Path) -> None:
    become = as_user(USER)
    if become:
        shutil.chown(home, USER)
    options = ["--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    command = ["setpriv", *become, "--", program("initdb"), "-D", str(data), *options]
    subprocess.run(command, check=True, capture_output=True, cwd=home)


def program(name: str) -> str:
    """Debian keeps the server's programs out of PATH, one folder a version; the newest will do."""
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    return str(max(versions, key=lambda path: int(path.parts[4])))


def accepts(command: list[str]) -> bool:
    return subprocess.run(command).returncode == 0
