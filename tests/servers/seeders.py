"""BitTorrent clients of other makes, each seeding one torrent at an address of its own.

Debian: qbittorrent-nox transmission-daemon aria2 rtorrent deluged.
"""

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.servers import running, wait_until
from tests.servers.swarm import NODES, Address, Content

Seeder = Callable[[Path, Content, str], AbstractContextManager[Address]]

_PORT = 6881

_QBITTORRENT = """
[LegalNotice]
Accepted=true
[BitTorrent]
Session\\Port={port}
Session\\Interface=lo
Session\\InterfaceName=lo
Session\\InterfaceAddress={host}
Session\\LSDEnabled=false
Session\\DefaultSavePath={folder}
[Network]
PortForwardingEnabled=false
[Preferences]
WebUI\\Address={host}
WebUI\\Port=8080
WebUI\\HostHeaderValidation=false
"""

_RTORRENT = """
network.bind_address.set = {host}
network.port_range.set = {port}-{port}
network.port_random.set = no
trackers.use_udp.set = yes
dht.mode.set = on
dht.port.set = {port}
directory.default.set = {folder}
session.path.set = {home}/session
system.daemon.set = true
schedule2 = join, 1, 30, "dht.add_node={node}"
"""


def write(home: Path, held: Content) -> Path:
    path = home / "seeded.torrent"
    path.write_bytes(held.torrent)
    return path


@contextmanager
def started(home: Path, host: str, command: list[str]) -> Iterator[Address]:
    with running(command, home / "log") as process:
        wait_until(lambda: listens((host, _PORT)), process, home / "log")
        yield host, _PORT


def listens(address: Address) -> bool:
    try:
        socket.create_connection(address, timeout=5).close()
    except OSError:
        return False
    return True


@contextmanager
def qbittorrent(home: Path, held: Content, host: str) -> Iterator[Address]:
    settings = home / "qBittorrent" / "config" / "qBittorrent.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text(_QBITTORRENT.format(host=host, port=_PORT, folder=held.folder))
    add = [f"--save-path={held.folder}", "--skip-dialog=true", str(write(home, held))]
    with started(home, host, ["qbittorrent-nox", f"--profile={home}", *add]) as address:
        yield address


@contextmanager
def transmission(home: Path, held: Content, host: str) -> Iterator[Address]:
    settings = {
        "bind-address-ipv4": host,
        "peer-port": _PORT,
        "rpc-enabled": False,
        "lpd-enabled": False,
        "port-forwarding-enabled": False,
        "download-dir": str(held.folder),
        "watch-dir": str(home / "watch"),
        "watch-dir-enabled": True,
        "utp-enabled": False,
    }
    (home / "settings.json").write_text(json.dumps(settings))
    (home / "dht.bootstrap").write_text("".join(f"{node} {port}\n" for node, port in NODES))
    (home / "watch").mkdir()
    write(home / "watch", held)
    with started(home, host, ["transmission-daemon", "-f", "-g", str(home)]) as address:
        yield address


@contextmanager
def aria2(home: Path, held: Content, host: str) -> Iterator[Address]:
    command = f"""aria2c --dir={held.folder} --interface={host} --listen-port={_PORT} --dht-listen-port={_PORT}
        --dht-entry-point={NODES[0][0]}:{NODES[0][1]} --dht-file-path={home}/dht --bt-enable-lpd=false
        --check-integrity=true --seed-ratio=0 --seed-time=999 --disable-ipv6=true {write(home, held)}"""
    with started(home, host, command.split()) as address:
        yield address


@contextmanager
def rtorrent(home: Path, held: Content, host: str) -> Iterator[Address]:
    (home / "session").mkdir()
    settings = home / "rtorrent.rc"
    node = "{}:{}".format(*NODES[0])
    settings.write_text(_RTORRENT.format(host=host, port=_PORT, folder=held.folder, home=home, node=node))
    with started(
        home, host, ["rtorrent", "-n", "-o", f"import={settings}", str(write(home, held))]
    ) as address:
        yield address


@contextmanager
def deluge(home: Path, held: Content, host: str) -> Iterator[Address]:
    settings = {
        "listen_ports": [_PORT, _PORT],
        "random_port": False,
        "listen_interface": host,
        "outgoing_interface": host,
        "download_location": str(held.folder),
        "autoadd_enable": True,
        "lsd": False,
        "upnp": False,
        "natpmp": False,
        "daemon_port": 58846,
    }
    (home / "core.conf").write_text(json.dumps({"file": 1, "format": 1}) + json.dumps(settings))
    (home / "auth").write_text("test:test:10\n")
    with started(home, host, ["deluged", "-c", str(home), "-d", "-u", host, "-i", host]) as address:
        add = f"connect {host} test test; add -p {held.folder} {write(home, held)}"
        subprocess.run(["deluge-console", "-c", str(home), add], check=True, capture_output=True)
        yield address
