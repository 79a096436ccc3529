"""A real qBittorrent with its Web API, of one of three versions. Debian: qbittorrent-nox, and tests/install.sh."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.servers import free_port
from tests.servers.client_daemon import ClientDaemon, run_daemon
from tests.servers.debian_programs import program_command

RELEASES = {"4.5": None, "5.1": "trixie", "5.3": "trixie-backports"}

_SETTINGS = r"""
[LegalNotice]
Accepted=true
[BitTorrent]
Session\Port={port}
Session\Interface=lo
Session\InterfaceName=lo
Session\InterfaceAddress={host}
Session\DHTEnabled={dht}
Session\LSDEnabled=false
Session\DefaultSavePath={downloads}
[Network]
PortForwardingEnabled=false
[Preferences]
Connection\ResolvePeerCountries=false
WebUI\Address={host}
WebUI\Port={web}
WebUI\HostHeaderValidation=false
WebUI\Username={user}
WebUI\Password_PBKDF2="@ByteArray({password})"
"""


@dataclass(frozen=True)
class Qbittorrent(ClientDaemon):
    _cookies: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.web}"

    def version(self) -> str:
        return self.get("app/version").text

    def torrents(self) -> list[dict[str, Any]]:
        return list(self.get("torrents/info").json())

    def has_checked(self, torrents: int) -> bool:
        return [torrent["progress"] for torrent in self.torrents()] == [1] * torrents

    def get(self, what: str) -> requests.Response:
        return self._request("GET", what)

    def post(self, what: str, **form: str) -> requests.Response:
        return self._request("POST", what, form)

    def _request(self, method: str, what: str, form: dict[str, str] | None = None) -> requests.Response:
        with requests.Session() as session:
            session.cookies.update(self._cookies)
            answer = session.request(method, f"{self.url}/api/v2/{what}", data=form, timeout=60)
            if answer.status_code == 403:  # a login costs it some time, on purpose
                login = {"username": self.user, "password": self.password}
                session.post(f"{self.url}/api/v2/auth/login", login, timeout=60).raise_for_status()
                self._cookies.update(session.cookies.get_dict())
                answer = session.request(method, f"{self.url}/api/v2/{what}", data=form, timeout=60)
            answer.raise_for_status()
        return answer


@contextmanager
def qbittorrent(
    home: Path,
    version: str,
    host: str = "127.0.0.1",
    *,
    downloads: Path | None = None,
    torrents: Sequence[Path] = (),
    web: int | None = None,
    dht: bool = False,
) -> Iterator[Qbittorrent]:
    """Of that version, with `torrents` added and checked. `dht` is for a network of its own: it calls home."""
    downloads = downloads or home / "downloads"
    served = Qbittorrent(host, web or free_port(), free_port(), downloads)
    settings = home / "qBittorrent" / "config" / "qBittorrent.conf"
    settings.parent.mkdir(parents=True, exist_ok=True)
    password = _hash_password(served.password)
    settings.write_text(_SETTINGS.format(**vars(served) | {"password": password, "dht": str(dht).lower()}))
    command = [*program_command("qbittorrent-nox", RELEASES[version]), f"--profile={home}"]
    if torrents:
        command += [f"--save-path={downloads}", "--skip-dialog=true", *map(str, torrents)]
    with run_daemon(served, command, version, home, len(torrents)):
        yield served


def _hash_password(password: str) -> str:
    """As its source does, base/utils/password.cpp."""
    salt = bytes(16)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 100_000)
    return ":".join(base64.b64encode(part).decode() for part in (salt, key))
