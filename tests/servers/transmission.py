"""A real Transmission with its RPC, of one of two versions. Debian: transmission-daemon, and tests/install.sh."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.servers import free_port
from tests.servers.client_daemon import ClientDaemon, run_daemon
from tests.servers.debian_programs import program_command

RELEASES = {"3.00": None, "4.1": "trixie-backports"}

_DOWNLOADS, _SEEDS = 4, 6  # rpc-spec.md, the status of a torrent


@dataclass(frozen=True)
class Transmission(ClientDaemon):
    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.web}/transmission/rpc"

    def version(self) -> str:
        return str(self.call("session-get", fields=["version"])["version"])

    def torrents(self) -> list[dict[str, Any]]:
        return list(self.call("torrent-get", fields=["hashString", "name", "status"])["torrents"])

    def has_checked(self, torrents: int) -> bool:
        """To this client a hybrid stays incomplete: it looks for the pad files on the disk."""
        return [torrent["status"] in {_DOWNLOADS, _SEEDS} for torrent in self.torrents()] == [True] * torrents

    def call(self, method: str, **arguments: object) -> dict[str, Any]:
        with requests.Session() as session:
            session.auth = (self.user, self.password)
            name = "X-Transmission-Session-Id"
            session.headers[name] = session.get(self.url, timeout=60).headers[name]
            answer = session.post(self.url, json={"method": method, "arguments": arguments}, timeout=60)
            answer.raise_for_status()
        return dict(answer.json()["arguments"])


@contextmanager
def transmission(
    home: Path,
    version: str,
    host: str = "127.0.0.1",
    *,
    downloads: Path | None = None,
    torrents: Sequence[Path] = (),
    web: int | None = None,
    dht: Sequence[tuple[str, int]] = (),
) -> Iterator[Transmission]:
    """Of that version, with `torrents` added and checked. `dht`: nodes by which it enters one."""
    served = Transmission(host, web or free_port(), free_port(), downloads or home / "downloads")
    (home / "watched").mkdir(parents=True, exist_ok=True)
    (home / "settings.json").write_text(json.dumps(_settings(served, home) | {"dht-enabled": bool(dht)}))
    (home / "dht.bootstrap").write_text("".join(f"{node} {port}\n" for node, port in dht))
    for torrent in torrents:
        shutil.copy(torrent, home / "watched")
    command = [*program_command("transmission-daemon", RELEASES[version]), "-f", "-g", str(home)]
    with run_daemon(served, command, version, home, len(torrents)):
        yield served


def _settings(served: Transmission, home: Path) -> dict[str, object]:
    return {
        "bind-address-ipv4": served.host,
        "peer-port": served.port,
        "rpc-bind-address": served.host,
        "rpc-port": served.web,
        "rpc-authentication-required": True,
        "rpc-username": served.user,
        "rpc-password": served.password,
        "rpc-whitelist-enabled": False,
        "rpc-host-whitelist-enabled": False,
        "lpd-enabled": False,
        "port-forwarding-enabled": False,
        "utp-enabled": False,
        "download-dir": str(served.downloads),
        "watch-dir": str(home / "watched"),
        "watch-dir-enabled": True,
    }
