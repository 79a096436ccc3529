"""All commands: Ctrl+C prints no traceback, and an unusable database or file is an error message."""

import io
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests import make
from tests.servers.fake_archive import fake_archive
from tests.servers.hashkeep import ROOT, Hashkeep


def run_and_interrupt(archive: Hashkeep, *command: str, after: str) -> str:
    """The output of the command, which gets SIGINT once a line with `after` is in it."""
    running = subprocess.Popen(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=archive.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with running:
        assert running.stdout
        said = next(line for line in running.stdout if after in line)
        running.send_signal(signal.SIGINT)
        said += running.communicate(timeout=30)[0]
    assert running.returncode == -signal.SIGINT, "so that a shell's loop ends as well"
    return said


def test_ctrl_c_prints_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("0A" * 20)
    command = ("blocklist", str(tmp_path / "list"), "--every", "1")
    archive = Hashkeep(tmp_path)
    assert "Traceback" not in run_and_interrupt(archive, "migrate", after="Running migrations")
    archive.manage("migrate")
    assert "Traceback" not in run_and_interrupt(archive, *command, after="newly blocked")


def test_ctrl_c_ends_a_mirror_that_waits_for_its_server(tmp_path: Path) -> None:
    archive = Hashkeep(tmp_path)
    archive.migrate()
    with fake_archive() as other:
        url = other.list(other.serve(make.v1(), (503, {"Retry-After": "600"}, b"")))
        said = run_and_interrupt(archive, "mirror", url, after="It is asked again in 600 s.")
    assert "0 stored" in said and "Traceback" not in said


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            ["take_down", "--reason", "x", "--from", "{}/none"],
            "none cannot be read: No such file or directory.",
        ),
        (["take_down", "--reason", "x", "--from", "{}"], "cannot be read: Is a directory."),
        (
            ["take_down", "--reason", "x", "--from", "{}/noise"],
            "noise cannot be read: it is no text in UTF-8.",
        ),
        (["import_imdb", "{}/none"], "none cannot be read: No such file or directory. The titles"),
        (["import_imdb", "{}/noise"], "noise cannot be read: it is no text in UTF-8. The titles"),
        (["blocklist", "{}/none"], "none could not be taken: No such file or directory."),
        (["blocklist", "http://127.0.0.1:9/"], "could not be taken: Connection refused."),
        (["blocklist", "{}/page.html"], "page.html is no such list: it has not one hash."),
        (["blocklist", "{}/list", "--every", "-1"], "-1 is no number above 0"),
        (["pull", "home", "--watch", "nan"], "nan is no number above 0"),
        (["serve", "--workers", "0"], "at least one of --workers"),
    ],
)
def test_what_cannot_be_used_ends_with_an_error_message(
    tmp_path: Path, command: list[str], words: str
) -> None:
    (tmp_path / "noise").write_bytes(b"\xfe\xfc\n" * 10)
    (tmp_path / "page.html").write_text("<html>\nPlease log in\n</html>")
    (tmp_path / "list").write_text("0A" * 20)
    err = io.StringIO()
    with pytest.raises(CommandError) as error:
        call_command(*[word.format(tmp_path) for word in command], stdout=io.StringIO(), stderr=err)
    assert words in f"{err.getvalue()}{error.value}"


def test_an_unreachable_database_ends_djangos_commands_with_a_message_too(tmp_path: Path) -> None:
    archive = Hashkeep(tmp_path, DATABASE_URL="postgres://nobody@127.0.0.1:9/none")
    said = archive.manage("migrate", may_fail=True)
    assert said.returncode == 1
    assert said.stderr.startswith("The database cannot be used: ") and "Connection refused" in said.stderr
