"""BitTorrent clients of other projects that seed, each at an address of its own.

Debian: qbittorrent-nox transmission-daemon aria2 rtorrent deluged, and tests/install.sh for later versions.
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from signal import SIGKILL
from typing import NamedTuple

from tests.servers import run_process, wait_until
from tests.servers.libtorrent_peers import NODES, Address, Content, Peer, create_content
from tests.servers.opentracker import Opentracker, accepts_connections, opentracker
from tests.servers.qbittorrent import qbittorrent
from tests.servers.transmission import transmission

TRACKER: Address = ("81.1.0.1", 6969)
_PORT = 6881
_DELUGE_PORT = 58846  # of the daemon; deluge-console waits for ever if nothing listens there
_DHT_CLIENT: Address = ("70.3.0.1", 6881)
_ANNOUNCE_SECONDS = 30.0  # until rtorrent is found in the DHT
_MAX_STARTS = 4

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
"""


@contextmanager
def _seed_with_qbittorrent(
    version: str, home: Path, contents: Sequence[Content], host: str
) -> Iterator[Address]:
    torrents = [_write_torrent(home, content) for content in contents]
    with qbittorrent(
        home, version, host, downloads=contents[0].folder, torrents=torrents, dht=True
    ) as seeding:
        yield host, seeding.port


@contextmanager
def _seed_with_transmission(
    version: str, home: Path, contents: Sequence[Content], host: str
) -> Iterator[Address]:
    torrents = [_write_torrent(home, content) for content in contents]
    with transmission(
        home, version, host, downloads=contents[0].folder, torrents=torrents, dht=NODES
    ) as seeding:
        yield host, seeding.port


@contextmanager
def _seed_with_aria2(home: Path, contents: Sequence[Content], host: str) -> Iterator[Address]:
    files = " ".join(str(_write_torrent(home, content)) for content in contents)
    command = f"""aria2c --dir={contents[0].folder} --interface={host} --listen-port={_PORT}
        --dht-listen-port={_PORT} --dht-entry-point={NODES[0][0]}:{NODES[0][1]} --dht-file-path={home}/dht
        --bt-enable-lpd=false --check-integrity=true --seed-ratio=0 --seed-time=999 --disable-ipv6=true {files}"""
    with _run_client(home, host, command.split()) as address:
        yield address


@contextmanager
def _seed_with_rtorrent(home: Path, contents: Sequence[Content], host: str) -> Iterator[Address]:
    (home / "session").mkdir()
    settings = home / "rtorrent.rc"
    node_lines = "".join(
        f'schedule2 = join{at}, 1, 30, "dht.add_node={node}:{port}"\n'
        for at, (node, port) in enumerate(NODES)
    )
    options = _RTORRENT.format(host=host, port=_PORT, folder=contents[0].folder, home=home)
    settings.write_text(options + node_lines)
    files = [str(_write_torrent(home, content)) for content in contents]
    peer = Peer(_DHT_CLIENT, NODES)
    for _ in range(_MAX_STARTS):
        with _run_client(home, host, ["rtorrent", "-n", "-o", f"import={settings}", *files]) as address:
            # It announces to the DHT once, after ten seconds (packets counted), and never repeats a lost packet.
            if all(peer.finds_peer(content.v1, host, _ANNOUNCE_SECONDS) for content in contents):
                yield address
                return
    raise RuntimeError("rtorrent has not announced to the DHT what it has")


@contextmanager
def _seed_with_deluge(home: Path, contents: Sequence[Content], host: str) -> Iterator[Address]:
    settings = {
        "listen_ports": [_PORT, _PORT],
        "random_port": False,
        "listen_interface": host,
        "outgoing_interface": host,
        "lsd": False,
        "upnp": False,
        "natpmp": False,
    }
    (home / "core.conf").write_text(json.dumps({"file": 1, "format": 1}) + json.dumps(settings))
    (home / "auth").write_text("test:test:10\n")
    command = ["deluged", "-c", str(home), "-d", "-u", host, "-i", host]
    with _run_client(home, host, command, _DELUGE_PORT) as address:
        adds = [f"add -p {content.folder} {_write_torrent(home, content)}" for content in contents]
        line = "; ".join([f"connect {host} test test", *adds])
        subprocess.run(["deluge-console", "-c", str(home), line], check=True, capture_output=True)
        yield address


@contextmanager
def _run_client(home: Path, host: str, command: list[str], *ports: int) -> Iterator[Address]:
    """Run the command until it listens for peers, and on these ports."""
    with run_process(command, home / "log", stop=SIGKILL) as process:
        wait_until(
            lambda: all(accepts_connections((host, port)) for port in (_PORT, *ports)), process, home / "log"
        )
        yield host, _PORT


def _write_torrent(home: Path, content: Content) -> Path:
    path = home / f"{content.name}.torrent"
    path.write_bytes(content.torrent)
    return path


Start = Callable[[Path, Sequence[Content], str], AbstractContextManager[Address]]


class Client(NamedTuple):
    start: Start
    kinds: tuple[str, ...]
    """The kinds of torrents that it accepts."""


_V1, _HYBRID, _ALL = ("v1",), ("v1", "hybrid"), ("v1", "hybrid", "v2")

CLIENTS = {
    "aria2": Client(_seed_with_aria2, _V1),
    "Deluge": Client(_seed_with_deluge, _V1),
    "rtorrent": Client(_seed_with_rtorrent, _V1),
    "Transmission 3.00": Client(partial(_seed_with_transmission, "3.00"), _V1),
    "Transmission 4.1": Client(partial(_seed_with_transmission, "4.1"), _HYBRID),
    "qBittorrent 4.5": Client(partial(_seed_with_qbittorrent, "4.5"), _ALL),
    "qBittorrent 5.1": Client(partial(_seed_with_qbittorrent, "5.1"), _ALL),
    "qBittorrent 5.3": Client(partial(_seed_with_qbittorrent, "5.3"), _ALL),
}


class SeedingClients(NamedTuple):
    tracker: Opentracker
    contents: dict[tuple[str, str], Content]
    """By client and kind of torrent."""
    addresses: dict[str, Address]
    """By client."""


@contextmanager
def seeding_clients(folder: Path) -> Iterator[SeedingClients]:
    """One client of each kind, with torrents of its own, and a tracker that they announce to."""
    tracker = Opentracker(TRACKER)
    urls = [tracker.udp, tracker.http]
    contents = {
        (name, kind): create_content(
            folder / name / "content", f"{name} {kind}".replace(" ", "-"), kind, urls
        )
        for name, client in CLIENTS.items()
        for kind in client.kinds
    }
    announced = {
        target
        for (name, kind), content in contents.items()
        for target, has_hash in ((content.v1, kind != "v2"), (content.v2[:20], kind != "v1"))
        if has_hash and (target == content.v1 or "v2" in CLIENTS[name].kinds)
    }
    (folder / "tracker").mkdir()
    with ExitStack() as stack:
        stack.enter_context(opentracker(folder / "tracker", TRACKER, announced))
        # The threads of the pool last as long as the clients, which die with the thread that started them.
        threads = stack.enter_context(ThreadPoolExecutor(len(CLIENTS)))

        def start(number: int, name: str) -> Address:
            (folder / name / "home").mkdir()
            own = [contents[name, kind] for kind in CLIENTS[name].kinds]
            started = CLIENTS[name].start(folder / name / "home", own, f"{90 + number}.1.0.1")
            return stack.enter_context(started)

        addresses = dict(zip(CLIENTS, threads.map(start, range(len(CLIENTS)), CLIENTS), strict=True))
        tracker.wait_for(*announced)
        yield SeedingClients(tracker, contents, addresses)
