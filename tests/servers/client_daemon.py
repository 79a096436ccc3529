"""What a real qBittorrent and a real Transmission have in common: addresses, and how to start and await them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any

import requests

from tests.servers import run_process, wait_until


@dataclass(frozen=True)
class ClientDaemon(ABC):
    host: str
    web: int
    """The port of its web interface."""
    port: int
    """The port for peers."""
    downloads: Path
    user: str = "admin"
    password: str = "a password"

    @property
    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def version(self) -> str: ...

    @abstractmethod
    def torrents(self) -> list[dict[str, Any]]:
        """The rows of its own API."""

    @abstractmethod
    def has_checked(self, torrents: int) -> bool:
        """Whether it has so many torrents, and has checked what lies on the disk of each."""


@contextmanager
def run_daemon(
    daemon: ClientDaemon, command: list[str], version: str, home: Path, torrents: int
) -> Iterator[None]:
    """Run it until it answers and has its torrents. At the end it is killed, since a clean exit takes seconds."""

    def ready() -> bool:
        try:
            return daemon.has_checked(torrents)
        except (requests.RequestException, KeyError):
            return False

    with run_process(command, home / "log", stop=SIGKILL) as process:
        wait_until(ready, process, home / "log")
        assert daemon.version().removeprefix("v").startswith(version)
        yield
