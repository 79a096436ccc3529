"""Runs a page of the documentation: writes its files, types its commands and compares their output.

A block whose first line names a file after the language is that file:  ```php soap.php
A `console` block holds commands, each after `$ `, and what they print, where `…` stands for anything. A command
without output there may print anything. Every command must succeed. `^C` ends one that runs until it is stopped.
A page may have no other blocks.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.servers import wait_until
from tests.servers.hashkeep import ROOT
from tests.servers.nginx import is_answering

_BLOCK = re.compile(r"^```(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (.*(?:(?<=\\)\n.*)*)\n?((?:(?!\$ ).*\n?)*)", re.MULTILINE)
_SERVE_COMMANDS = ("make run", ".venv/bin/python manage.py serve")
_REPLACEMENTS = {"make test": "make --dry-run test"}  # `make test` would run this test again
_TIMEOUT = 240  # seconds for one command
_NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "data", "node_modules", ".debian", ".flexget", ".*_cache", ".hypothesis"
)


class Command(NamedTuple):
    line: str
    output: str


class Block(NamedTuple):
    """A fenced block. `file` is its file name, "" for a transcript; `before` is the prose since the last block."""

    language: str
    file: str
    text: str
    before: str
    line: int  # of the page, where it begins

    def commands(self) -> list[Command]:
        return [Command(line, output.rstrip()) for line, output in _COMMAND.findall(self.text)]


def read_blocks(page: Path) -> Iterator[Block]:
    text, end = page.read_text(), 0
    for match in _BLOCK.finditer(text):
        language, _, file = match[1].strip().partition(" ")
        before = text[end : match.start()]
        yield Block(language, file, match[2], before, text.count("\n", 0, match.start()) + 1)
        end = match.end()


def copy_project(folder: Path) -> Path:
    """Copies the project into the folder, as it is after its installation, with the same libraries; returns it."""
    shutil.copytree(ROOT, folder, symlinks=True, ignore=_NOT_COPIED)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


class PageRunner:
    """Runs pages in a folder, with an environment.

    `names` maps names and addresses that the page uses as examples to those that they have in the test.
    """

    def __init__(self, folder: Path, names: Mapping[str, str], env: Mapping[str, str]) -> None:
        self.folder, self._names = folder, names
        flexget = ROOT / "tests" / "clients" / ".flexget" / "bin"
        path = f"{sys.prefix}/bin:{os.environ['PATH']}:{flexget}"
        self._env = {"PATH": path, "HOME": str(folder), "LANG": "C.UTF-8", **env}
        self._servers: dict[str, subprocess.Popen[bytes]] = {}
        # As at a terminal, where curl draws no progress.
        (folder / ".curlrc").write_text("silent\nshow-error\n")

    def run_page(self, page: Path) -> None:
        for block in read_blocks(page):
            if block.file:
                (path := self.folder / self._to_test_names(block.file)).parent.mkdir(
                    parents=True, exist_ok=True
                )
                path.write_text(self._to_test_names(block.text))
                if block.file == ".env":
                    self.run_command(".venv/bin/python manage.py check")
                continue
            for command, output in block.commands():
                printed = self.run_command(command, ends="^C" in output)
                expected = output.replace("^C", "").strip()
                assert not expected or matches_output(expected, printed), (
                    f"{page.name}, line {block.line}: {command}\nprints\n{printed}\nwhere the page shows\n{output}"
                )

    def stop_servers(self) -> None:
        for server in self._servers.values():
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()

    def run_command(self, command: str, *, ends: bool = False) -> str:
        if command.startswith(_SERVE_COMMANDS):
            return self._start_server(command, ends)
        line = _REPLACEMENTS.get(command, command)
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", self._to_test_names(line)],
            cwd=self.folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_TIMEOUT,
        )
        output = self._to_page_names(done.stdout.decode(errors="replace").replace("\r\n", "\n"))
        assert done.returncode == 0, f"{command}\nended with {done.returncode}:\n{output}"
        return output

    def _start_server(self, command: str, ends: bool) -> str:
        """Starts a server and waits until it answers. It runs until the page ends it (`ends`) or the test does."""
        log, url = self.folder / "typed.log", self._to_test_names("http://127.0.0.1:8000/health_check")
        with log.open("wb") as output:
            arguments = ["bash", "-c", f"exec {self._to_test_names(command)}"]
            server = subprocess.Popen(
                arguments,
                cwd=self.folder,
                env=self._env,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._servers[command] = server
        wait_until(lambda: is_answering(url), server, log)
        if ends:
            os.killpg(server.pid, signal.SIGINT)
            server.wait(timeout=60)
            del self._servers[command]
        return self._to_page_names(log.read_text())

    def _to_test_names(self, text: str) -> str:
        for page_name, test_name in self._names.items():
            text = text.replace(page_name, test_name)
        return text

    def _to_page_names(self, text: str) -> str:
        for page_name, test_name in self._names.items():
            text = text.replace(test_name, page_name)
        return text


def matches_output(expected: str, printed: str) -> bool:
    """Whether the output is as the page shows it, with `…` for anything; spaces at both ends do not matter."""
    pattern = ".*?".join(map(re.escape, expected.split("…")))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None
