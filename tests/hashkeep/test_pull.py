"""The command pull, with a real qBittorrent, and a real Transmission on the same machine."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from archive.errors import NotHeld
from archive.torrents.count import count_torrents
from archive.torrents.deposit import deposit
from archive.torrents.retrieve import retrieve
from clients import Client, ClientAddress, TorrentToAdd, open_client
from tests import make
from tests.api.test_hash2torrent import settings as network
from tests.client_operations import client_address, poll_until
from tests.servers.hashkeep import ROOT, Hashkeep, hashkeep
from tests.servers.libtorrent_peers import Content, Peer
from tests.servers.network_namespace import network_namespace
from tests.servers.qbittorrent import Qbittorrent, qbittorrent
from tests.servers.recording_trackers import http_tracker
from tests.servers.transmission import transmission

pytestmark = pytest.mark.django_db(transaction=True)

V1 = make.v1(b"one")
HYBRID = make.hybrid(b"both", make.random_bytes(100_000, b"both"))
V2 = make.v2(b"two", make.random_bytes(100_000, b"two"))
PRIVATE = make.v1(b"secret", private=1)


class Clients(NamedTuple):
    home: Client
    seedbox: Client
    addresses: dict[str, ClientAddress]


@pytest.fixture(scope="module")
def client_daemons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    with (
        network_namespace(),
        qbittorrent(tmp_path_factory.mktemp("q"), "5.3") as q,
        transmission(tmp_path_factory.mktemp("t"), "4.1") as t,
    ):
        home, seedbox = open_client(client_address(q), 60), open_client(client_address(t), 60)
        yield Clients(home, seedbox, {"home": client_address(q), "seedbox": client_address(t)})
        home.close()
        seedbox.close()


@pytest.fixture
def clients(client_daemons: Clients, settings: Settings) -> Iterator[Clients]:
    settings.CLIENTS = client_daemons.addresses
    yield client_daemons
    for client in (client_daemons.home, client_daemons.seedbox):
        for torrent in client.torrents():
            client.remove(torrent.v1 or torrent.v2 or b"")


def add_and_wait(client: Client, *torrents: bytes) -> None:
    for torrent in torrents:
        client.add(TorrentToAdd(torrent, make.infohashes(torrent)), paused=True)


def run_pull(*args: str) -> dict[str, int]:
    out = StringIO()
    call_command("pull", *args, stdout=out)
    return parse_counts(out.getvalue())


def parse_counts(summary: str) -> dict[str, int]:
    return {words: int(number) for number, words in re.findall(r"^ *(\d+) (.*)$", summary, re.M)}


def test_every_torrent_that_qbittorrent_has_is_stored(clients: Clients) -> None:
    add_and_wait(clients.home, V1, HYBRID, V2)
    assert run_pull("home") == {"stored": 3, "held already": 0}
    for torrent, infohash in ((V1, 0), (HYBRID, 0), (HYBRID, 1), (V2, 1)):
        assert make.infohashes(retrieve(make.infohashes(torrent)[infohash]).torrent) == make.infohashes(
            torrent
        )
    assert run_pull("home") == {"stored": 0, "held already": 3}


def test_a_held_torrent_stays_byte_for_byte(clients: Clients) -> None:
    first = make.v1(b"one", outer={b"comment": b"the first copy"})
    deposit(first)
    add_and_wait(clients.home, V1)
    assert run_pull("home") == {"stored": 0, "held already": 1}
    assert retrieve(make.infohashes(V1)[0]).torrent == first


def test_a_torrent_without_piece_layers_is_completed(clients: Clients) -> None:
    deposit(make.v2(b"two", make.random_bytes(100_000, b"two"), layers=False))
    add_and_wait(clients.home, V2)
    run_pull("home")
    assert b"12:piece layers" in retrieve(make.infohashes(V2)[1]).torrent
    assert count_torrents() == 1


def test_private_torrents_are_counted_but_not_stored(clients: Clients) -> None:
    add_and_wait(clients.home, V1, PRIVATE)
    assert run_pull("home") == {
        "stored": 1,
        "held already": 0,
        "refused: private (PRIVATE_TORRENTS=keep would take them)": 1,
    }
    with pytest.raises(NotHeld):
        retrieve(make.infohashes(PRIVATE)[0])


def test_a_magnet_link_without_metadata_is_left_for_a_later_run(clients: Clients) -> None:
    infohash = make.infohashes(V1)[0]
    clients.home.add(TorrentToAdd(f"magnet:?xt=urn:btih:{infohash.hex()}", (infohash,)))
    assert run_pull("home") == {"stored": 0, "held already": 0, "not given by the client (yet)": 1}


def test_transmission_on_this_machine_is_read_from_its_folder(clients: Clients) -> None:
    add_and_wait(clients.seedbox, V1, HYBRID)
    assert run_pull("seedbox") == {"stored": 2, "held already": 0}
    assert retrieve(make.infohashes(V1)[0]).torrent == V1


def test_an_unknown_client_and_one_that_is_down_are_error_messages(
    clients: Clients, settings: Settings
) -> None:
    with pytest.raises(CommandError, match="no client called work. Configured: home, seedbox"):
        run_pull("work")
    with pytest.raises(CommandError, match="RESOLVE is off"):
        run_pull("home", "--resolve")
    settings.CLIENTS = {}
    with pytest.raises(CommandError, match="none so far; the setting CLIENTS names them"):
        run_pull("home")


def test_watch_stores_new_torrents_and_survives_a_restart_of_the_client(
    client_daemons: Clients, tmp_path: Path
) -> None:
    archive, log = Hashkeep(tmp_path), tmp_path / "log"
    archive.migrate()
    with qbittorrent(tmp_path / "before", "5.3") as before:
        watching = start_watching(archive, before, log)
        try:
            add_torrent(before, V1)
            poll_until(lambda: count_stored(archive) == 1)
        finally:
            before_it_ends = log.read_text()
    try:
        poll_until(lambda: "cannot be reached. Trying again" in log.read_text())
        with qbittorrent(tmp_path / "after", "5.3", web=before.web) as after:
            add_torrent(after, HYBRID)
            poll_until(lambda: count_stored(archive) == 2)
    finally:
        watching.send_signal(signal.SIGINT)
        assert watching.wait(timeout=30) == 0
    assert "Traceback" not in log.read_text()
    assert "a password" not in log.read_text()
    assert "Trying again" not in before_it_ends


def test_a_torrent_that_the_client_cannot_export_comes_from_the_network(
    client_daemons: Clients, tmp_path: Path
) -> None:
    """The client has a magnet link without peers; the resolver has a tracker."""
    torrent = make.v1(b"found by us", 20_000)
    infohash = make.infohashes(torrent)[0]
    seeder = Peer(("44.3.0.1", 6881))
    seeder.seed(Content(tmp_path / "nothing", "found by us", torrent))
    where = client_daemons.addresses["home"].port
    with (
        http_tracker(("81.3.0.1", 6969), {infohash: [seeder.address]}) as tracker,
        hashkeep(
            tmp_path,
            **{
                **network(TRACKERS=tracker.url),
                "CLIENTS": f"home=qbittorrent://admin:a%20password@127.0.0.1:{where}",
            },
        ) as archive,
    ):
        client_daemons.home.add(TorrentToAdd(f"magnet:?xt=urn:btih:{infohash.hex()}", (infohash,)))
        counts = parse_counts(archive.manage("pull", "home", "--resolve").stdout)
        assert counts == {"stored": 0, "held already": 0, "not given by the client; the network is asked": 1}
        poll_until(lambda: count_stored(archive) == 1)
        assert parse_counts(archive.manage("pull", "home", "--resolve").stdout) == {
            "stored": 0,
            "held already": 1,
        }
    [path] = archive.torrents.rglob("*.torrent")
    assert make.infohashes(path.read_bytes()) == make.infohashes(torrent)
    client_daemons.home.remove(infohash)


def start_watching(archive: Hashkeep, daemon: Qbittorrent, log: Path) -> "subprocess.Popen[bytes]":
    env = archive.env | {"CLIENTS": f"home=qbittorrent://admin:a%20password@127.0.0.1:{daemon.web}"}
    command = [sys.executable, "manage.py", "pull", "home", "--watch", "0.2"]
    with log.open("wb") as out:
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out)


def add_torrent(daemon: Qbittorrent, torrent: bytes) -> None:
    with closing(open_client(client_address(daemon), 60)) as client:
        add_and_wait(client, torrent)


def count_stored(archive: Hashkeep) -> int:
    return len(list(archive.torrents.rglob("*.torrent")))
