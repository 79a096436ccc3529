"""A page of the documentation, done as it says: its files are written, its commands are typed, their output compared.

A block whose first line names a file after the language is that file:  ```php soap.php
A `console` block holds commands, each after `$ `, and what they print, where `…` stands for anything. Where it
shows nothing, anything may be printed; that a command succeeds is always demanded. `^C` ends one that goes on.
No other block may be there.
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
from tests.servers.nginx import answers

_BLOCK = re.compile(r"^```(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (.*(?:(?<=\\)\n.*)*)\n?((?:(?!\$ ).*\n?)*)", re.MULTILINE)
_SERVES = ("make run", ".venv/bin/python manage.py serve")
_OTHERWISE = {"make test": "make --dry-run test"}  # which runs this very test
_PATIENCE = 240  # seconds for one command
_AWAY = shutil.ignore_patterns(
    ".git", ".venv", "data", "node_modules", ".debian", ".flexget", ".*_cache", ".hypothesis"
)


class Command(NamedTuple):
    typed: str
    prints: str


class Block(NamedTuple):
    """`file`: its name, or "" where it is a transcript. `before`: the prose since the last block."""

    language: str
    file: str
    text: str
    before: str
    line: int  # where it begins

    def commands(self) -> list[Command]:
        return [Command(typed, prints.rstrip()) for typed, prints in _COMMAND.findall(self.text)]


def read_blocks(page: Path) -> Iterator[Block]:
    text, end = page.read_text(), 0
    for match in _BLOCK.finditer(text):
        language, _, file = match[1].strip().partition(" ")
        before = text[end : match.start()]
        yield Block(language, file, match[2], before, text.count("\n", 0, match.start()) + 1)
        end = match.end()


def copy_project(folder: Path) -> Path:
    """A copy of it, with the same libraries, as somebody has it who has just installed it."""
    shutil.copytree(ROOT, folder, symlinks=True, ignore=_AWAY)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


class PageRunner:
    """A folder, an environment, and `names`: what something that has an example's name on the page is called here."""

    def __init__(self, folder: Path, names: Mapping[str, str], env: Mapping[str, str]) -> None:
        self.folder, self._names = folder, names
        flexget = ROOT / "tests" / "clients" / ".flexget" / "bin"
        path = f"{sys.prefix}/bin:{os.environ['PATH']}:{flexget}"
        self._env = {"PATH": path, "HOME": str(folder), "LANG": "C.UTF-8", **env}
        self._going: dict[str, subprocess.Popen[bytes]] = {}
        # As at a terminal, where curl draws no progress.
        (folder / ".curlrc").write_text("silent\nshow-error\n")

    def follow(self, page: Path) -> None:
        for block in read_blocks(page):
            if block.file:
                (path := self.folder / self._here(block.file)).parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self._here(block.text))
                if block.file == ".env":
                    self.type(".venv/bin/python manage.py check")
                continue
            for typed, prints in block.commands():
                told = self.type(typed, ends="^C" in prints)
                expected = prints.replace("^C", "").strip()
                assert not expected or matches_output(expected, told), (
                    f"{page.name}, line {block.line}: {typed}\nprints\n{told}\nwhere the page shows\n{prints}"
                )

    def leave(self) -> None:
        for going in self._going.values():
            os.killpg(going.pid, signal.SIGKILL)
            going.wait()

    def type(self, typed: str, *, ends: bool = False) -> str:
        if typed.startswith(_SERVES):
            return self._serve(typed, ends)
        line = _OTHERWISE.get(typed, typed)
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", self._here(line)],
            cwd=self.folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
        )
        told = self._there(done.stdout.decode(errors="replace").replace("\r\n", "\n"))
        assert done.returncode == 0, f"{typed}\nended with {done.returncode}:\n{told}"
        return told

    def _serve(self, typed: str, ends: bool) -> str:
        """Goes on until it is ended, by the page or with it."""
        log, url = self.folder / "typed.log", self._here("http://127.0.0.1:8000/health_check")
        with log.open("wb") as output:
            command = ["bash", "-c", f"exec {self._here(typed)}"]
            going = subprocess.Popen(
                command, cwd=self.folder, env=self._env, stdout=output, stderr=output, start_new_session=True
            )
        self._going[typed] = going
        wait_until(lambda: answers(url), going, log)
        if ends:
            os.killpg(going.pid, signal.SIGINT)
            going.wait(timeout=60)
            del self._going[typed]
        return self._there(log.read_text())

    def _here(self, text: str) -> str:
        for name, here in self._names.items():
            text = text.replace(name, here)
        return text

    def _there(self, text: str) -> str:
        for name, here in self._names.items():
            text = text.replace(here, name)
        return text


def matches_output(expected: str, told: str) -> bool:
    """Line ends and spaces at both ends aside."""
    pattern = ".*?".join(map(re.escape, expected.split("…")))
    return re.fullmatch(pattern, told.strip(), re.DOTALL) is not None
